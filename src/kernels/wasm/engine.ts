import { readFile } from 'node:fs/promises';
import type { FloatDType } from '../../tensor/dtype.js';
import { Arena } from './arena.js';

/** The functions of assembly/index.ts. The last argument is the address of a task. */
interface Kernels {
  phase(angle: number, dtype: number, shape: number, task: number): void;
  exactPhase(dtype: number, shape: number, task: number): number;
  slopeDistance(rounding: number, dtype: number, task: number): number;
  bucket(bytes: number, task: number): void;
}

/** The numbers of the dtypes in assembly/dtype.ts. */
export const dtypeNumbers: Readonly<Record<FloatDType, number>> = { f32: 0, bf16: 1, f16: 2, f64: 3 };

const pageBytes = 65_536;
/** As many pages as 32-bit addresses reach, and their ends too; none is there before it is needed. */
const maxPages = 65_535;
/** Fields of the largest task, and more. */
const taskBytes = 512;
/** Prepared tables: at least the sixteen that are kept for later requests, a megabyte or two each. */
const arenaBytes = 32 * 2 ** 20;
/** Elements that one call computes at most where it may list them. */
export const maxElements = 2 ** 15;
/** Room for the rows of one call, on their way to other memory. */
export const scratchBytes = 2 ** 20;

/** What a thread needs to have an engine in the same memory; it can be posted. */
export interface EngineShare {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Where the engine's own part of the memory begins. */
  readonly address: number;
}

const listBytes = 4 * maxElements;
const ownBytes = taskBytes + arenaBytes + listBytes + scratchBytes;

/**
 * The WebAssembly kernels with memory to work in. The functions keep nothing between calls: several engines, in
 * several threads, may share one memory, each with its own part of it.
 */
export class WasmEngine {
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  readonly arena: Arena;
  /** Where kernels list what they leave undecided, up to `maxElements` numbers. */
  readonly undecided: Uint32Array;
  private readonly module: WebAssembly.Module;
  private readonly task: Float64Array;
  private readonly scratch: Uint8Array;
  /** The memory's buffers: growth makes another one, and blocks stay on theirs. */
  private readonly buffers = new WeakSet<ArrayBufferLike>();

  constructor({ module, memory, address }: EngineShare) {
    this.module = module;
    this.memory = memory;
    this.kernels = new WebAssembly.Instance<Kernels>(module, { env: { memory } }).exports;
    const { buffer } = memory;
    this.task = new Float64Array(buffer, address, taskBytes / 8);
    // Before other things: kernels read up to three elements beyond the end of a table.
    this.arena = new Arena(address + taskBytes, arenaBytes);
    this.undecided = new Uint32Array(buffer, address + taskBytes + arenaBytes, maxElements);
    this.scratch = new Uint8Array(buffer, address + taskBytes + arenaBytes + listBytes, scratchBytes);
  }

  /** Loads the kernels into a memory of their own. Throws an Error whose message says why that cannot be done. */
  static async start(): Promise<WasmEngine> {
    const module = await WebAssembly.compile(await readFile(new URL('./kernels.wasm', import.meta.url)));
    const memory = new WebAssembly.Memory({ initial: 0, maximum: maxPages, shared: true });
    const address = reserve(memory, ownBytes);
    if (address === null) throw new Error('there is no memory for the WebAssembly kernels');
    return new WasmEngine({ module, memory, address });
  }

  /** A part of the memory for an engine in another thread; null where there is no more. */
  share(): EngineShare | null {
    const { module, memory } = this;
    const address = reserve(memory, ownBytes);
    return address === null ? null : { module, memory, address };
  }

  /** Memory that kernels write without a copy, for ever; where there is no more, it is ordinary shared memory. */
  block(bytes: number): Uint8Array {
    const address = reserve(this.memory, bytes);
    return address === null ? new Uint8Array(new SharedArrayBuffer(bytes)) : this.view(address, bytes);
  }

  /** A block by its address, as other engines in the memory know it. */
  view(address: number, bytes: number): Uint8Array {
    // Makes this thread see that another has let the memory grow.
    if (this.memory.buffer.byteLength < address + bytes) this.memory.grow(0);
    const { buffer } = this.memory;
    this.buffers.add(buffer);
    return new Uint8Array(buffer, address, bytes);
  }

  /** The address of a block, or null where it is other memory. */
  addressOf({ buffer, byteOffset }: Uint8Array): number | null {
    return this.buffers.has(buffer) ? byteOffset : null;
  }

  /** Writes a task, whose fields stand in the kernel's order, and returns its address. */
  write<T extends Readonly<Record<string, number>>>(task: T): number {
    let at = 0;
    for (const field in task) this.task[at++] = task[field]!;
    return this.task.byteOffset;
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
    const address = this.addressOf(out);
    if (address !== null && from === 0 && to === bytes) {
      compute(address + at);
      return;
    }
    compute(this.scratch.byteOffset);
    out.set(this.scratch.subarray(from, to), at);
  }
}

/** Adds whole pages to the memory and returns their address; null where there is no more. */
function reserve(memory: WebAssembly.Memory, bytes: number): number | null {
  try {
    return memory.grow(Math.ceil(bytes / pageBytes)) * pageBytes;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
