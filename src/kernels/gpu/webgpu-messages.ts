import type { MessagePort } from 'node:worker_threads';
import type { Renderer } from './renderer.js';

/** How the main thread and that of WebGPU speak. */
export type ToWebGpu =
  | { readonly kind: 'keep'; readonly id: number; readonly values: Float32Array }
  | { readonly kind: 'drop'; readonly id: number }
  /** Answered by the end of the thread. */
  | { readonly kind: 'end' }
  | {
      readonly kind: 'run';
      readonly kernel: number;
      /** Source text of the kernel. */
      readonly body: string;
      readonly size: number;
      readonly args: readonly (Float32Array | number | { readonly id: number })[];
    };

/** What a run is answered with, and before all runs the start. */
export type FromWebGpu =
  | { readonly kind: 'started'; readonly renderer: Renderer }
  | { readonly kind: 'computed'; readonly values: Float32Array }
  | { readonly kind: 'failed'; readonly reason: string };

export interface WebGpuData {
  readonly port: MessagePort;
  /** Counts the answers that were posted; whoever waits for one is woken. */
  readonly answered: Int32Array<SharedArrayBuffer>;
}
