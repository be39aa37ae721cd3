import type { Renderer } from './renderer.js';

/** The modes of gpu.js, in order of preference: two that ask a GPU, WebAssembly, JavaScript that gpu.js writes. */
export const gpuModes = ['webgpu', 'headlessgl', 'webasm', 'cpu'] as const;
export type GpuMode = (typeof gpuModes)[number];

/** Values that an engine keeps where its kernels read them, for as long as this is held. */
export interface Kept {
  readonly kept: Float32Array;
}

export type KernelArgument = Float32Array | Kept | number;

/** What gpu.js gives the body of a kernel as `this`. */
export interface Thread {
  readonly thread: { readonly x: number };
}

/** What a body sees of the arguments of its kernel. */
export type Seen<A extends readonly KernelArgument[]> = {
  [I in keyof A]: A[I] extends number ? number : Float32Array;
};

/**
 * The body of a kernel: one float32 element, numbered by `this.thread.x`. gpu.js reads its source text and
 * translates it, so it may use nothing from outside. Seven arrays at most: WebGPU binds eight, one is the result.
 */
export type KernelBody<A extends readonly KernelArgument[]> = (this: Thread, ...args: Seen<A>) => number;

/** A translated kernel: computes elements 0 … size − 1 into an array of its own, while the caller waits. */
export type GpuKernel<A extends readonly KernelArgument[]> = (size: number, ...args: A) => Float32Array;

/** One mode of gpu.js. */
export interface GpuEngine {
  readonly mode: GpuMode;
  /** null where no driver is asked. */
  readonly renderer: Renderer | null;
  /** Translated on first use for each set of sizes; the last eight sets are kept by gpu.js. */
  kernel<A extends readonly KernelArgument[]>(body: KernelBody<A>): GpuKernel<A>;
  /** Values that many calls take and none changes: they travel to the kernels once. */
  keep(values: Float32Array): Kept;
}

/** `gpu.js webasm`, or `gpu.js webgpu, NVIDIA …`. */
export function deviceOf({ mode, renderer }: GpuEngine): string {
  return `gpu.js ${mode}${renderer?.name ? `, ${renderer.name}` : ''}`;
}
