#!/usr/bin/env bash
# Builds the image and runs it as docker-compose.yml does: not root, read-only, without a capability. Fetches a table
# and a range of it, runs the HEALTHCHECK, sends SIGTERM while a download runs, prints the sizes. Where the base image
# cannot be pulled, a stand-in is made of Debian's packages and the node of the npm registry.
# Exit status 77: it cannot run here.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/need.sh
[ "$(id -u)" = 0 ] || cannot 'it needs root'
need buildah=buildah podman=podman runc=runc curl=curl

work=$(mktemp -d)
image=localhost/posenc-check container=posenc-check-$$
export BUILDAH_ISOLATION=chroot
podman() { command podman --runtime runc --cgroup-manager cgroupfs --events-backend file "$@"; }
finish() {
  podman rm -f -t 0 "$container" > /dev/null 2>&1 || true
  podman rmi -f "$image" > /dev/null 2>&1 || true
  rm -rf "$work"
}
trap finish EXIT
fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# What the official image has of Debian and Node, as the name says: node:24-trixie-slim.
stand_in() {
  local major suite root=$work/root from
  IFS=- read -r major suite _ <<< "${base##*:}"
  need debootstrap=debootstrap
  debootstrap --variant=minbase "$suite" "$root" > "$work/debootstrap.log" 2>&1 \
    || cannot "neither $base nor Debian's $suite can be fetched"
  npm install --silent --no-save --prefix "$work/node" "node-linux-$(node -p process.arch)@$major" \
    || cannot "neither $base nor node $major can be fetched"
  cp -L "$work/node/node_modules/.bin/node" "$root/usr/local/bin/"
  cp -r "$(npm root -g)/npm" "$root/usr/local/lib/"
  ln -s ../lib/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,locale,man}/*
  from=$(buildah from scratch)
  buildah copy -q "$from" "$root" / > /dev/null
  buildah commit -q --rm "$from" "$1" > /dev/null
}
scratch=$(buildah from scratch 2> "$work/probe") && buildah rm "$scratch" > /dev/null \
  || cannot "buildah cannot work here: $(tail -n 1 "$work/probe")"
base=$(sed -n 's/^ARG NODE_IMAGE=//p' Dockerfile)
if ! timeout 300 buildah pull -q "$base" > /dev/null 2>&1; then
  made=localhost/posenc-check-base:${base##*:}
  echo "$base cannot be pulled; its stand-in is $made"
  podman image exists "$made" || stand_in "$made"
  base=$made
fi

# The limits of docker-compose.yml. A place that cannot hold them for the base alone cannot run this check.
hardened=(--read-only --cap-drop ALL --security-opt no-new-privileges --memory 512m --pids-limit 128 --network host
  --ulimit nofile=1024:1024 --ulimit nproc=4096:4096)
podman run --rm "${hardened[@]}" "$base" node --version > "$work/probe" 2>&1 \
  || cannot "no container can be run: $(tail -n 1 "$work/probe")"

# The registry and the certificates that npm has here hold in the build as well.
certificates=$(npm config get cafile)
printf 'registry=%s\n' "$(npm config get registry)" > "$work/npmrc"
mounts=(--volume "$work/npmrc:/usr/local/etc/npmrc:ro")
if [ -f "$certificates" ]; then
  echo "cafile=$certificates" >> "$work/npmrc"
  mounts+=(--volume "$certificates:$certificates:ro")
fi
echo 'building'
buildah bud --format docker --pull-never --build-arg "NODE_IMAGE=$base" "${mounts[@]}" -t "$image" . \
  > "$work/build.log" 2>&1 || { tail -n 20 "$work/build.log" >&2; fail 'the image does not build'; }

size() { podman image inspect --format '{{.Size}}' "$1"; }
root=$(podman image mount "$image")
du -sb --apparent-size "$root"/app/* | sed -E 's|^([0-9]+).*/app/|  \1 bytes |'
podman image unmount "$image" > /dev/null
echo "own layers: $(($(size "$image") - $(size "$base"))) bytes on $(size "$base") of the base"

port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
url=http://127.0.0.1:$port
podman run -d --name "$container" "${hardened[@]}" -e HOST=127.0.0.1 -e PORT="$port" "$image" > "$work/run" 2>&1 \
  || { cat "$work/run" >&2; fail 'the image does not run'; }
for _ in $(seq 100); do
  curl -sf -o /dev/null --max-time 2 "$url/readyz" && break
  sleep 0.2
done
curl -sSf "$url/healthz" || { podman logs "$container" | tail >&2; fail 'it does not answer'; }
echo

status=/proc/$(podman inspect --format '{{.State.Pid}}' "$container")/status
echo "$(grep -E '^(Uid|CapBnd|NoNewPrivs)' "$status" | tr '\t\n' '  ')"
[ "$(awk '/^Uid/ { print $2 }' "$status")" != 0 ] || fail 'it runs as root'
[ "$(awk '/^CapBnd/ { print $2 }' "$status")" = 0000000000000000 ] || fail 'it has capabilities'
[ "$(awk '/^NoNewPrivs/ { print $2 }' "$status")" = 1 ] || fail 'it may gain privileges'
podman healthcheck run "$container" || fail 'HEALTHCHECK'
echo 'HEALTHCHECK: healthy'

table="$url/v1/tables/rope.safetensors?head_dim=128&length=65536"
curl -sSf -o "$work/whole" "$table"
curl -sSf -o "$work/range" -r 1000000-1999999 "$table"
cmp "$work/range" <(tail -c +1000001 "$work/whole" | head -c 1000000) || fail 'a range differs from the whole'
echo "a range of $(stat -c %s "$work/range") bytes equals that of the whole of $(stat -c %s "$work/whole")"
# gpu.js is one of the packages that the image holds in part.
curl -sSf -o /dev/null "$url/v1/tables/rope.bin?head_dim=64&length=64&tensors=cos&backend=gpu" || fail 'backend=gpu'

curl -sSf --limit-rate 32M -o "$work/last" "$table" &
download=$!
sleep 0.5
podman stop -t 40 "$container" > /dev/null 2>&1
wait "$download" && cmp "$work/whole" "$work/last" || fail 'SIGTERM cut a download'
code=$(podman inspect --format '{{.State.ExitCode}}' "$container")
[ "$code" = 0 ] || fail "exit status $code after SIGTERM"
echo 'SIGTERM: the download under way ended whole, exit status 0'
