import { createRequire } from 'node:module';
import { workerData } from 'node:worker_threads';
import { type Renderer, rendererNamed } from './renderer.js';
import type { FromWebGpu, ToWebGpu, WebGpuData } from './webgpu-messages.js';

// A thread of its own: computes with gpu.js's webgpu mode, which only promises its results, while another thread
// waits. `navigator.gpu`, where gpu.js looks for WebGPU, is that of this thread alone.

const { port, answered }: WebGpuData = workerData;

/** gpu.js and Dawn report errors here that no promise carries. */
const said: string[] = [];
const listen = (...parts: unknown[]) => {
  said.push(parts.map(String).join(' '));
};
Object.assign(console, { log: listen, info: listen, warn: listen, error: listen });

function answer(message: FromWebGpu): void {
  port.postMessage(message);
  wake();
}

/** Wakes the thread that waits. */
function wake(): void {
  Atomics.add(answered, 0, 1);
  Atomics.notify(answered, 0);
}

/** The package `webgpu`, as far as it is used. Its own types would bring those of a browser. */
interface WebGpuPackage {
  create(options: readonly string[]): { requestAdapter(): Promise<unknown> };
}

/** WebGPU's GPUAdapterInfo. */
interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  readonly isFallbackAdapter?: boolean;
}

/** What gpu.js keeps of WebGPU once a kernel has run. */
interface WebGpuContext {
  readonly adapter: { readonly info: AdapterInfo };
  readonly device: { destroy(): void };
}

function isContext(value: unknown): value is WebGpuContext {
  return typeof value === 'object' && value !== null && 'adapter' in value;
}

/** Values on the GPU. */
interface Handle {
  delete(): void;
}

function isHandle(value: unknown): value is Handle {
  return typeof value === 'object' && value !== null && 'delete' in value;
}

/** gpu.js's webgpu mode, which its own types do not know: a kernel promises its result. */
interface Kernel {
  (...args: readonly unknown[]): Promise<unknown>;
  setOutput(output: readonly number[]): void;
  readonly kernel: { readonly context: unknown };
}
interface Gpu {
  destroy(): Promise<void>;
  createKernel(source: string, settings: object): Kernel;
}
interface GpuModule {
  readonly GPU: new (settings: { readonly mode: 'webgpu' }) => Gpu;
}

/** Its native part asks for a younger C++ library than many systems have. */
async function load(): Promise<WebGpuPackage> {
  const name = 'webgpu';
  try {
    return await import(name);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`webgpu does not load: ${message.replace(/\/[^ :]*\//g, '')}`);
  }
}

async function makeGpu(): Promise<Gpu> {
  const { create } = await load();
  const webgpu = create([]);
  if (!(await webgpu.requestAdapter()))
    throw new Error('webgpu finds no adapter: there is no driver of Vulkan');
  Object.defineProperty(globalThis, 'navigator', { value: { gpu: webgpu }, configurable: true });
  const { GPU }: GpuModule = createRequire(import.meta.url)('gpu.js');
  return new GPU({ mode: 'webgpu' });
}

const settings = { dynamicOutput: true, dynamicArguments: true, precision: 'single' };

/** Runs a kernel; what was said meanwhile is an error, for WebGPU answers zeros where it refuses. */
async function run(kernel: Kernel, size: number, args: readonly unknown[]): Promise<unknown> {
  said.length = 0;
  kernel.setOutput([size]);
  const value = await kernel(...args);
  if (said.length > 0) throw new Error(said.join('; '));
  return value;
}

async function contextOf(gpu: Gpu): Promise<WebGpuContext> {
  const kernel = gpu.createKernel('function () { return this.thread.x; }', settings);
  await run(kernel, 1, []);
  const { context } = kernel.kernel;
  if (!isContext(context)) throw new Error('gpu.js tells no adapter');
  return context;
}

function rendererOf(context: WebGpuContext): Renderer {
  const { vendor, architecture, device, description, isFallbackAdapter = false } = context.adapter.info;
  const name = [device || architecture || vendor, description].filter((part) => part !== '');
  return rendererNamed(name.join(', '), isFallbackAdapter);
}

class Runner {
  private readonly kernels = new Map<number, Kernel>();
  private readonly kept = new Map<number, Handle>();
  private readonly keeper: Kernel;

  constructor(
    private readonly gpu: Gpu,
    private readonly context: WebGpuContext,
  ) {
    // Its results stay on the GPU, each in a buffer of its own.
    this.keeper = gpu.createKernel('function (values) { return values[this.thread.x]; }', {
      ...settings,
      pipeline: true,
      immutable: true,
    });
  }

  async receive(message: ToWebGpu): Promise<void> {
    switch (message.kind) {
      case 'keep':
        this.kept.set(message.id, await this.keep(message.values));
        return;
      case 'drop':
        this.kept.get(message.id)?.delete();
        this.kept.delete(message.id);
        return;
      case 'run': {
        const values = await this.compute(message);
        answer({ kind: 'computed', values });
        return;
      }
      case 'end':
        // Dawn aborts a process that ends amid its work. Nothing is left to do when this thread ends by itself.
        process.once('exit', wake);
        await this.gpu.destroy();
        this.context.device.destroy();
        port.close();
    }
  }

  private async keep(values: Float32Array): Promise<Handle> {
    const handle = await run(this.keeper, values.length, [values]);
    if (!isHandle(handle)) throw new Error('gpu.js keeps no values on the GPU');
    return handle;
  }

  private async compute({ kernel: id, body, size, args }: ToWebGpu & { kind: 'run' }): Promise<Float32Array> {
    let kernel = this.kernels.get(id);
    if (!kernel) {
      kernel = this.gpu.createKernel(body, settings);
      this.kernels.set(id, kernel);
    }
    const given = args.map((arg) => (typeof arg === 'object' && 'id' in arg ? this.kept.get(arg.id) : arg));
    const values = await run(kernel, size, given);
    if (!(values instanceof Float32Array)) throw new Error('gpu.js gave no float32');
    return values;
  }
}

function failed(error: unknown): void {
  answer({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
}

try {
  const gpu = await makeGpu();
  const context = await contextOf(gpu);
  const runner = new Runner(gpu, context);
  answer({ kind: 'started', renderer: rendererOf(context) });
  // One after the other, as they come.
  let last = Promise.resolve();
  port.on('message', (message: ToWebGpu) => {
    last = last.then(() => runner.receive(message)).catch(failed);
  });
} catch (error) {
  failed(error);
}
