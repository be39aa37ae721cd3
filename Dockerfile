# The dependencies and the program come from stages of their own; what is only needed to build stays there.
# The base can be pinned to a digest, or taken from a mirror: --build-arg NODE_IMAGE=…
ARG NODE_IMAGE=docker.io/library/node:24-trixie-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json ./
COPY scripts/build.mjs scripts/
COPY src src
COPY routes routes
# Source maps are for the repository: a stack trace names the compiled file.
RUN npm run build \
  && find dist -name '*.map' -delete

FROM ${NODE_IMAGE} AS installed
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional

FROM installed AS dependencies
# gpu.js lists webgpu (68 MB, binaries for four platforms) as a dependency and gl as an optional one. Both drive a
# graphics card, which needs drivers that this image does not have; gpu.js runs without either.
# Then goes what Node never reads: types, maps, sources, texts other than licences, and gpu.js's browser bundles.
RUN rm -rf node_modules/webgpu node_modules/@webgpu node_modules/gpu.js/dist node_modules/.bin \
  && find node_modules -type d -regextype posix-extended \
       -regex 'node_modules/(@[^/]+/)?[^/@]+/(\.github|benchmarks?|docs?|examples?|tests?)' -prune -exec rm -rf {} + \
  && find node_modules -type f -regextype posix-extended \
       -regex '.*\.(map|ts|mts|cts|md|markdown)' ! -iname 'licen[cs]e*' -delete \
  && find node_modules -type d -empty -delete

FROM ${NODE_IMAGE} AS slim
LABEL org.opencontainers.image.title="posenc" \
      org.opencontainers.image.description="Position-encoding tables for transformers, served over HTTP as virtual tensor files" \
      org.opencontainers.image.licenses="MIT"
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
ENV HOST=0.0.0.0 PORT=8080 NODE_ENV=production
# A number, so that an orchestrator can see that it is not root. Nothing is written: no home, no temporary files.
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "/app/dist/src/cli.js", "health"]
ENTRYPOINT ["node", "/app/dist/src/cli.js"]
CMD ["serve"]

# For machines with a graphics card: --target gpu. WebGPU and Vulkan's loader; the driver comes from the machine. That
# of NVIDIA is linked with X11's libraries, and needs no display.
FROM slim AS gpu
USER 0:0
RUN apt-get update \
  && apt-get install -y --no-install-recommends libvulkan1 libxext6 \
  && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
COPY --from=installed /app/node_modules/webgpu/package.json /app/node_modules/webgpu/index.js \
  /app/node_modules/webgpu/LICENSE.md node_modules/webgpu/
COPY --from=installed /app/node_modules/webgpu/dist/linux-*.dawn.node node_modules/webgpu/dist/
USER 10001:10001

# The last one is built where none is named.
FROM slim
