import { createRequire } from 'node:module';
import type { GpuEngine, GpuKernel, GpuMode, Kept, KernelArgument, KernelBody } from './engine.js';
import { quietly } from './quiet.js';
import { type Renderer, rendererNamed } from './renderer.js';

type GpuModule = typeof import('gpu.js');
type GpuInstance = InstanceType<GpuModule['GPU']>;

/** Modes of gpu.js that compute while the caller waits. */
export type SynchronousMode = Exclude<GpuMode, 'webgpu'>;

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

function rendererOf(gpu: GpuInstance): Renderer {
  // There is no context before the first kernel has run.
  gpu.createKernel('function () { return this.thread.x; }', { output: [1] })();
  const context: unknown = gpu.context;
  const name = isNative(context) ? context._getParameterDirect(rendererName) : null;
  return rendererNamed(typeof name === 'string' ? name : null);
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

/** What a kernel of this process is given: it reads kept values where they are. */
function given(argument: KernelArgument): Float32Array | number {
  return typeof argument === 'object' && 'kept' in argument ? argument.kept : argument;
}

function translate<A extends readonly KernelArgument[]>(gpu: GpuInstance, body: KernelBody<A>): GpuKernel<A> {
  const settings = { dynamicOutput: true, dynamicArguments: true, precision: 'single' as const };
  const kernel = gpu.createKernel(body.toString(), settings);
  let current = 0;
  return (size, ...args) => {
    const { value, said } = quietly(() => {
      if (size !== current) kernel.setOutput([size]);
      current = size;
      return kernel(...args.map(given));
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
export function startSynchronous(mode: SynchronousMode): GpuEngine {
  if (mode === 'headlessgl') requireGl();
  // A require, for `import()` could not be kept from printing.
  const { value: gpu } = quietly(() => makeGpu(require('gpu.js'), mode));
  return {
    mode,
    renderer: mode === 'headlessgl' ? quietly(() => rendererOf(gpu)).value : null,
    kernel: (body) => quietly(() => translate(gpu, body)).value,
    keep: (values): Kept => ({ kept: values }),
  };
}
