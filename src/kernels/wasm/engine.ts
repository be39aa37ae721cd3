import { readFile } from 'node:fs/promises';
import type { FloatDType } from '../../tensor/dtype.js';
import { Arena } from './arena.js';

/** The functions of assembly/index.ts. The last argument is the address of a task. */
interface Kernels {
  phase(angle: number, dtype: number, shape: number, task: number): void;
  certifiedPhase(dtype: number, shape: number, task: number): number;
  widePhase(shape: number, task: number): number;
  slopeDistance(rounding: number, dtype: number, task: number): number;
  bucket(bytes: number, task: number): void;
}

/** The numbers of the dtypes in assembly/dtype.ts. */
export const dtypeNumbers: Readonly<Record<FloatDType, number>> = { f32: 0, bf16: 1, f16: 2, f64: 3 };

const pageBytes = 65_536;
/** As many pages as 32-bit addresses reach; none is there before it is needed. */
const maxPages = 65_536;
/** Fields of the largest task, and more. */
const taskBytes = 512;
/** Prepared tables: at least the sixteen that are kept for later requests, a megabyte or two each. */
const arenaBytes = 32 * 2 ** 20;
/** Elements that one call computes at most where it may list them. */
export const maxElements = 2 ** 15;
/** Room for the rows of one call, on their way to other memory. */
export const scratchBytes = 2 ** 20;

/**
 * The WebAssembly kernels with memory to work in. The functions keep nothing between calls: several engines, in
 * several threads, may share one memory, each with its own part of it.
 */
export class WasmEngine {
  readonly kernels: Kernels;
  readonly arena: Arena;
  private readonly task: Float64Array;
  private readonly list: Uint32Array;
  private readonly scratch: Uint8Array;
  /** The memory's buffers: growth makes another one, and blocks stay on theirs. */
  private readonly buffers = new WeakSet<ArrayBufferLike>();

  /** Throws where the memory cannot grow. */
  constructor(
    module: WebAssembly.Module,
    readonly memory: WebAssembly.Memory,
  ) {
    this.kernels = new WebAssembly.Instance<Kernels>(module, { env: { memory } }).exports;
    const listBytes = 4 * maxElements;
    const address = this.reserve(taskBytes + arenaBytes + listBytes + scratchBytes);
    const { buffer } = memory;
    this.task = new Float64Array(buffer, address, taskBytes / 8);
    // Before other things: kernels read up to three elements beyond the end of a table.
    this.arena = new Arena(address + taskBytes, arenaBytes);
    this.list = new Uint32Array(buffer, address + taskBytes + arenaBytes, maxElements);
    this.scratch = new Uint8Array(buffer, address + taskBytes + arenaBytes + listBytes, scratchBytes);
  }

  /** Loads the kernels into a memory of their own. Throws an Error whose message says why that cannot be done. */
  static async start(): Promise<WasmEngine> {
    const module = await WebAssembly.compile(await readFile(new URL('./kernels.wasm', import.meta.url)));
    return new WasmEngine(module, new WebAssembly.Memory({ initial: 0, maximum: maxPages, shared: true }));
  }

  /** Memory that kernels write without a copy. It is never given back. Throws RangeError where there is no more. */
  block(bytes: number): Uint8Array {
    const address = this.reserve(bytes);
    return new Uint8Array(this.memory.buffer, address, bytes);
  }

  /** Writes a task, whose fields stand in the kernel's order, and returns its address. */
  write<T extends Readonly<Record<string, number>>>(task: T): number {
    let at = 0;
    for (const field in task) this.task[at++] = task[field]!;
    return this.task.byteOffset;
  }

  /** Where kernels list what they leave undecided, up to `maxElements` numbers. */
  get undecided(): Uint32Array {
    return this.list;
  }

  /**
   * Has `bytes` bytes computed, and puts those from `from` to `to` at `at` of `out`: directly where `out` lies in
   * the memory and wants them all. `bytes` is at most `scratchBytes`.
   */
  deliver(
    out: Uint8Array,
    at: number,
    bytes: number,
    compute: (address: number) => void,
    from = 0,
    to = bytes,
  ): void {
    if (from === 0 && to === bytes && this.buffers.has(out.buffer)) {
      compute(out.byteOffset + at);
      return;
    }
    compute(this.scratch.byteOffset);
    out.set(this.scratch.subarray(from, to), at);
  }

  private reserve(bytes: number): number {
    const address = this.memory.grow(Math.ceil(bytes / pageBytes)) * pageBytes;
    this.buffers.add(this.memory.buffer);
    return address;
  }
}
