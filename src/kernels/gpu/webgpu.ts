import { createRequire } from 'node:module';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { GpuEngine, GpuKernel, Kept, KernelArgument, KernelBody } from './engine.js';
import type { FromWebGpu, ToWebGpu, WebGpuData } from './webgpu-messages.js';

/** Time for a device to start or a call to be computed; then the driver is taken to hang. */
const answerMs = 10_000;

/** Time for a device to be let go. */
const endMs = 1000;

/** Throws the reason, as a sentence, why `webgpu` is not there. */
export function requireWebGpu(): void {
  try {
    createRequire(import.meta.url).resolve('webgpu');
  } catch {
    throw new Error('webgpu is not installed');
  }
}

/** The thread that computes. Its promises are kept there; here every answer is waited for. */
class WebGpuThread {
  private readonly worker: Worker;
  private readonly port: MessagePort;
  private readonly answered = new Int32Array(new SharedArrayBuffer(4));
  private seen = 0;
  private failure: string | null = null;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    const data: WebGpuData = { port: port2, answered: this.answered };
    // What it prints is nobody's.
    this.worker = new Worker(new URL('./webgpu-thread.js', import.meta.url), {
      workerData: data,
      transferList: [port2],
      stdout: true,
      stderr: true,
    });
    // It must keep no process alive, and its death is told by the next call.
    this.worker.on('error', () => undefined);
    this.worker.unref();
    process.once('exit', this.end);
  }

  /** Lets the driver go before the process does. */
  private readonly end = (): void => {
    if (this.failure !== null) return;
    this.post({ kind: 'end' });
    Atomics.wait(this.answered, 0, this.seen, endMs);
  };

  post(message: ToWebGpu): void {
    this.port.postMessage(message);
  }

  /** The next answer. Throws where it is a failure or does not come; then the thread is ended and stays so. */
  wait(): Exclude<FromWebGpu, { kind: 'failed' }> {
    if (this.failure !== null) throw new Error(this.failure);
    const outcome = Atomics.wait(this.answered, 0, this.seen, answerMs);
    const answer: FromWebGpu | undefined = receiveMessageOnPort(this.port)?.message;
    if (outcome !== 'timed-out' && answer && answer.kind !== 'failed') {
      this.seen++;
      return answer;
    }
    process.off('exit', this.end);
    void this.worker.terminate();
    this.failure = answer?.kind === 'failed' ? answer.reason : `no answer within ${answerMs} ms`;
    throw new Error(this.failure);
  }
}

/** Values that stay on the GPU until nobody holds them. */
class Keeper {
  private readonly ids = new WeakMap<Kept, number>();
  private readonly forgotten: FinalizationRegistry<number>;
  private last = 0;

  constructor(private readonly thread: WebGpuThread) {
    this.forgotten = new FinalizationRegistry((id) => thread.post({ kind: 'drop', id }));
  }

  keep(values: Float32Array): Kept {
    const kept = { kept: values };
    const id = ++this.last;
    this.ids.set(kept, id);
    this.forgotten.register(kept, id);
    this.thread.post({ kind: 'keep', id, values });
    return kept;
  }

  /** What the thread is told of an argument. */
  told(argument: KernelArgument): Float32Array | number | { readonly id: number } {
    if (typeof argument === 'number' || argument instanceof Float32Array) return argument;
    const id = this.ids.get(argument);
    if (id === undefined) throw new Error('these values are kept by another engine');
    return { id };
  }
}

/**
 * Starts gpu.js's webgpu mode on a thread. gpu.js only promises its results there, and fillers must have them when
 * they return: so this thread sleeps meanwhile, no longer than its own kernels would take, and a driver that hangs
 * is noticed. Throws an Error whose message says why the mode cannot work here, and so do the kernels.
 */
export function startWebGpu(): GpuEngine {
  requireWebGpu();
  const thread = new WebGpuThread();
  const started = thread.wait();
  if (started.kind !== 'started') throw new Error('the thread did not start');
  const keeper = new Keeper(thread);
  let kernels = 0;
  return {
    mode: 'webgpu',
    renderer: started.renderer,
    keep: (values) => keeper.keep(values),
    kernel<A extends readonly KernelArgument[]>(body: KernelBody<A>): GpuKernel<A> {
      const kernel = kernels++;
      const text = body.toString();
      return (size, ...args) => {
        thread.post({ kind: 'run', kernel, body: text, size, args: args.map((arg) => keeper.told(arg)) });
        const answer = thread.wait();
        if (answer.kind !== 'computed') throw new Error('the thread computed nothing');
        return answer.values;
      };
    },
  };
}
