import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Checksums } from './checksums.js';
import { type Chunk, chunks } from './formats/chunks.js';
import type { Block } from './kernels/pool.js';
import { revision } from './revision.js';
import type { FilePlan } from './table.js';
import { dtypes } from './tensor/dtype.js';
import { elementCount } from './tensor/spec.js';

/** Fills a block with elements of a tensor, at once or on another thread. */
export type ReadBlock = (tensor: number, first: number, count: number, block: Block) => void | Promise<void>;

/** A file and what reading it takes. */
export interface Delivery {
  readonly file: FilePlan;
  readonly read: ReadBlock;
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
  let crc = 0;
  for (let first = 0; first < total; first += step) {
    const elements = Math.min(step, total - first);
    await read(tensor, first, elements, block);
    count(elements, 0);
    crc = crc32(block.subarray(0, elements * bytes), crc);
    await nextTurn();
    signal?.throwIfAborted();
  }
  checksums.learn(tensor, crc);
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

type ElementsChunk = Chunk & { readonly kind: 'elements' };
type ChecksumChunk = Chunk & { readonly kind: 'checksum' };

/** Computes the elements of a chunk into a block. Chunks may be computed in any order, and at the same time. */
export function computeChunk(
  { read, count }: Delivery,
  { tensor, first, count: elements }: ElementsChunk,
  block: Block,
): void | Promise<void> {
  count(elements, 0);
  return read(tensor, first, elements, block);
}

/** The bytes of a computed chunk. To be called in the order of the file: that is how checksums grow. */
export function bytesOfElements(
  { file, checksums }: Delivery,
  { tensor, first, count, skip, byteLength }: ElementsChunk,
  block: Block,
): Uint8Array {
  if (file.format.name === 'npz') {
    const { shape, dtype } = file.description.specs[tensor]!;
    // A chunk that begins or ends within an element shows less than the checksum is of.
    if (skip === 0 && byteLength === count * dtypes[dtype].bytes) {
      checksums.observe(tensor, first, count, elementCount(shape), block.subarray(0, byteLength));
    }
  }
  return block.subarray(skip, skip + byteLength);
}

/** The bytes of a chunk of checksums; computes what they are of where it has not passed. */
export async function checksumChunk(
  delivery: Delivery,
  { segment, from, to }: ChecksumChunk,
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
    if (chunk.kind === 'bytes') yield chunk.bytes;
    else if (chunk.kind === 'checksum') yield await checksumChunk(delivery, chunk, block, signal);
    else {
      await computeChunk(delivery, chunk, block);
      yield bytesOfElements(delivery, chunk, block);
    }
    signal?.throwIfAborted();
  }
}

/** SHA-256 of a whole binary file, in lowercase hex. */
export async function sha256Of(delivery: Delivery, block: Block, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of pieces(delivery, 0, delivery.file.layout?.byteLength ?? 0, block, signal)) {
    hash.update(piece);
    await nextTurn();
  }
  return hash.digest('hex');
}

/** The JSON that `digest=sha-256` is answered with, by service and command line alike. */
export function digestBody({ layout, etag }: FilePlan, hex: string): Readonly<Record<string, unknown>> {
  return { 'sha-256': hex, bytes: layout?.byteLength ?? 0, etag: `"${etag}"`, revision };
}
