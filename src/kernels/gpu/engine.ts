import { createRequire } from 'node:module';
import { quietly } from './quiet.js';

type GpuModule = typeof import('gpu.js');
type GpuInstance = InstanceType<GpuModule['GPU']>;

/** Ways of gpu.js that compute while the caller waits, as a block must. */
export type SynchronousMode = 'headlessgl' | 'webasm' | 'cpu';

export type KernelArgument = Float32Array | number;

/** What gpu.js gives the body of a kernel as `this`. */
export interface Thread {
  readonly thread: { readonly x: number };
}

/**
 * The body of a kernel: one float32 element, numbered by `this.thread.x`. gpu.js reads its source text and
 * translates it, so it may use nothing from outside.
 */
export type KernelBody<A extends readonly KernelArgument[]> = (this: Thread, ...args: A) => number;

/** A translated kernel: computes elements 0 … size − 1 into an array of its own. */
export type GpuKernel<A extends readonly KernelArgument[]> = (size: number, ...args: A) => Float32Array;

/** One mode of gpu.js. */
export interface GpuEngine {
  readonly mode: SynchronousMode;
  readonly device: string;
  /** Translated on first use for each set of sizes; the last eight sets are kept by gpu.js. */
  kernel<A extends readonly KernelArgument[]>(body: KernelBody<A>): GpuKernel<A>;
}

const require = createRequire(import.meta.url);

/** Renderers that are a processor in disguise: slower than gpu.js without them. */
const software = /llvmpipe|softpipe|lavapipe|swiftshader|software|microsoft basic render/i;

interface GlContext {
  getExtension(name: string): unknown;
  getParameter(name: number): unknown;
}

function isGlContext(context: unknown): context is GlContext {
  return (
    typeof context === 'object' && context !== null && 'getParameter' in context && 'getExtension' in context
  );
}

/** The name of the renderer behind a GL context, if it tells: WEBGL_debug_renderer_info's 0x9246, else GL_RENDERER. */
function rendererOf(context: unknown): string | null {
  if (!isGlContext(context)) return null;
  const named = context.getExtension('WEBGL_debug_renderer_info') ? context.getParameter(0x9246) : null;
  const renderer = named ?? context.getParameter(0x1f01);
  return typeof renderer === 'string' && renderer !== '' && renderer !== 'ANGLE' ? renderer : null;
}

/** Throws the reason, as a sentence, why `gl` gives no hardware context. */
function requireGl(): void {
  let resolved = false;
  try {
    require.resolve('gl');
    resolved = true;
    quietly((): unknown => require('gl'));
  } catch {
    throw new Error(resolved ? 'gl is installed, but its native part is not built' : 'gl is not installed');
  }
}

function makeGpu({ GPU }: GpuModule, mode: SynchronousMode): GpuInstance {
  if (mode === 'headlessgl' && !GPU.isHeadlessGLSupported)
    throw new Error('gl is installed, but gives no context: there is no display or no driver');
  return new GPU({ mode });
}

function translate<A extends readonly KernelArgument[]>(gpu: GpuInstance, body: KernelBody<A>): GpuKernel<A> {
  const settings = { dynamicOutput: true, dynamicArguments: true, precision: 'single' as const };
  const kernel = gpu.createKernel(body.toString(), settings);
  let current = 0;
  return (size, ...args) => {
    const { value, said } = quietly(() => {
      if (size !== current) kernel.setOutput([size]);
      current = size;
      return kernel(...args);
    });
    if (kernel.kernel.fallbackReason) throw new Error(`gpu.js fell back: ${kernel.kernel.fallbackReason}`);
    if (!(value instanceof Float32Array)) throw new Error(`gpu.js gave no float32: ${said.join('; ')}`);
    return value;
  };
}

/**
 * Loads gpu.js, once for the process, and starts one mode of it. `allowSoftware` takes a software renderer too.
 * Throws an Error whose message says why the mode cannot work here.
 */
export function startEngine(mode: SynchronousMode, allowSoftware: boolean): GpuEngine {
  if (mode === 'headlessgl') requireGl();
  // A require, for `import()` could not be kept from printing.
  const { value: gpu } = quietly(() => makeGpu(require('gpu.js'), mode));
  let device = `gpu.js ${mode}`;
  if (mode === 'headlessgl') {
    const renderer = rendererOf(quietly((): unknown => gpu.context).value);
    if (renderer) device = `${device}, ${renderer}`;
    if (!allowSoftware && renderer && software.test(renderer))
      throw new Error(`${renderer} renders in software, slower than gpu.js without it`);
  }
  return { mode, device, kernel: (body) => quietly(() => translate(gpu, body)).value };
}
