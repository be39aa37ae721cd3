/** What runs the kernels of a mode that asks a driver. */
export interface Renderer {
  /** As the driver tells it, in printable ASCII; null where it does not. */
  readonly name: string | null;
  /** A processor in disguise. */
  readonly software: boolean;
}

/** Renderers that are a processor in disguise: slower than gpu.js without them. */
const software = /llvmpipe|softpipe|lavapipe|swiftshader|software|microsoft basic render/i;

/** Letters outside ASCII become question marks, for the name goes into headers. */
export function rendererNamed(name: string | null, isFallback = false): Renderer {
  const printable = name?.replaceAll(/[^ -~]/g, '?') || null;
  return { name: printable, software: isFallback || software.test(printable ?? '') };
}

/** Why a renderer is not to be used by itself, as a sentence; null for a GPU. */
export function whyNoGpu({ name, software: isSoftware }: Renderer): string | null {
  if (name === null) return 'the renderer does not tell whether it is a GPU';
  return isSoftware ? 'the renderer is software, slower than gpu.js without it' : null;
}
