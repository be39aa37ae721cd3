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
  /** The name of the renderer, where there is one that tells. */
  readonly renderer: string | null;
  /** Translated on first use for each set of sizes; the last eight sets are kept by gpu.js. */
  kernel<A extends readonly KernelArgument[]>(body: KernelBody<A>): GpuKernel<A>;
}

const require = createRequire(import.meta.url);

/** GL_RENDERER */
const rendererName = 0x1f01;

/** A context of `gl`, whose public `getParameter` names ANGLE whatever is behind it. */
interface NativeContext {
  _getParameterDirect(name: number): unknown;
}

function isNative(value: unknown): value is NativeContext {
  return typeof value === 'object' && value !== null && '_getParameterDirect' in value;
}

/**
 * The name of the renderer that runs kernels, if it tells. Letters outside ASCII become question marks, for the name
 * goes into headers.
 */
function rendererOf(gpu: GpuInstance): string | null {
  // There is no context before the first kernel has run.
  gpu.createKernel('function () { return this.thread.x; }', { output: [1] })();
  const context: unknown = gpu.context;
  const renderer = isNative(context) ? context._getParameterDirect(rendererName) : null;
  return typeof renderer === 'string' && renderer !== '' ? renderer.replaceAll(/[^ -~]/g, '?') : null;
}

/** Renderers that are a processor in disguise: slower than gpu.js without them. */
const software = /llvmpipe|softpipe|lavapipe|swiftshader|software|microsoft basic render/i;

/** Throws the reason, as a sentence, why a renderer is not to be used by itself. */
export function requireHardware(renderer: string | null): void {
  if (renderer === null) throw new Error('the renderer does not tell whether it is a GPU');
  if (software.test(renderer))
    throw new Error(`${renderer} renders in software, slower than gpu.js without it`);
}

/** Throws the reason, as a sentence, why `gl` cannot be loaded. */
export function requireGl(): void {
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
 * Loads gpu.js, once for the process, and starts one mode of it.
 * Throws an Error whose message says why the mode cannot work here.
 */
export function startEngine(mode: SynchronousMode): GpuEngine {
  if (mode === 'headlessgl') requireGl();
  // A require, for `import()` could not be kept from printing.
  const { value: gpu } = quietly(() => makeGpu(require('gpu.js'), mode));
  const renderer = mode === 'headlessgl' ? quietly(() => rendererOf(gpu)).value : null;
  const device = `gpu.js ${mode}${renderer ? `, ${renderer}` : ''}`;
  return { mode, device, renderer, kernel: (body) => quietly(() => translate(gpu, body)).value };
}
