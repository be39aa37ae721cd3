import type { Checksums } from './checksums.js';
import { type Chunk, chunks } from './formats/chunks.js';
import type { ReadElements } from './formats/define.js';
import type { Block } from './kernels/pool.js';
import type { FilePlan } from './table.js';
import { dtypes } from './tensor/dtype.js';
import { elementCount } from './tensor/spec.js';

/** A file and what reading it takes. */
export interface Delivery {
  readonly file: FilePlan;
  readonly read: ReadElements;
  /** CRC-32 of each tensor's data, as far as it is known; filled while data passes. */
  readonly checksums: Checksums;
  readonly count: (elements: number, bytes: number) => void;
}

/** Lets the event loop serve others between two blocks. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Computes a whole tensor for nothing but its checksum. */
async function checksumRun(
  { file, read, checksums, count }: Delivery,
  tensor: number,
  block: Block,
  signal?: AbortSignal,
): Promise<void> {
  const { spec } = file.table.tensors[tensor]!;
  const total = elementCount(spec.shape);
  const { bytes } = dtypes[spec.dtype];
  const step = Math.floor(block.length / bytes);
  for (let first = 0; first < total; first += step) {
    const elements = Math.min(step, total - first);
    read(tensor, first, elements, block);
    count(elements, 0);
    checksums.observe(tensor, first, elements, total, block.subarray(0, elements * bytes));
    await nextTurn();
    signal?.throwIfAborted();
  }
}

/** The chunks of bytes start … end − 1 of a binary file, for blocks of `blockBytes`. */
export function chunksOf(
  { format, layout, description }: FilePlan,
  start: number,
  end: number,
  blockBytes: number,
): Generator<Chunk, void, void> {
  if (!layout) throw new Error(`${format.name} is no binary format`);
  return chunks(layout, description.specs, start, end, blockBytes);
}

/** The bytes of one chunk, computed into `block` where it has elements; those of other chunks stand elsewhere. */
export function bytesOf(
  delivery: Delivery,
  chunk: Chunk,
  block: Block,
  signal?: AbortSignal,
): Uint8Array | Promise<Uint8Array> {
  if (chunk.kind === 'bytes') return chunk.bytes;
  if (chunk.kind === 'checksum') return checksumSegment(delivery, chunk, block, signal);
  const { file, read, checksums, count } = delivery;
  const { tensor, first, skip, byteLength } = chunk;
  read(tensor, first, chunk.count, block);
  count(chunk.count, 0);
  if (file.format.name === 'npz') {
    const { shape, dtype } = file.description.specs[tensor]!;
    // A chunk that begins or ends within an element shows less than the checksum is of.
    if (skip === 0 && byteLength === chunk.count * dtypes[dtype].bytes) {
      checksums.observe(tensor, first, chunk.count, elementCount(shape), block.subarray(0, byteLength));
    }
  }
  return block.subarray(skip, skip + byteLength);
}

async function checksumSegment(
  delivery: Delivery,
  { segment, from, to }: Chunk & { readonly kind: 'checksum' },
  block: Block,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  for (const tensor of segment.tensors) {
    if (!delivery.checksums.has(tensor)) await checksumRun(delivery, tensor, block, signal);
  }
  return segment.bytes((tensor) => delivery.checksums.get(tensor)).subarray(from, to);
}

/**
 * Bytes start … end − 1 of a file in pieces, each valid until the next is asked for: one block, computed again
 * and again. For whoever consumes at once: digests, files, small bodies.
 */
export async function* pieces(
  delivery: Delivery,
  start: number,
  end: number,
  block: Block,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  for (const chunk of chunksOf(delivery.file, start, end, block.length)) {
    yield await bytesOf(delivery, chunk, block, signal);
    signal?.throwIfAborted();
  }
}
