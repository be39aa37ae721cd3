import type { ServerResponse } from 'node:http';
import { crc32 } from 'node:zlib';
import { type Chunk, chunks } from '../formats/chunks.js';
import type { ReadElements } from '../formats/define.js';
import type { Block, BlockPool } from '../kernels/pool.js';
import type { FilePlan } from '../table.js';
import { dtypes } from '../tensor/dtype.js';
import { elementCount } from '../tensor/spec.js';

/** Blocks a request may hold: one under way to the socket while the next is computed. */
const blocksPerRequest = 2;

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

/**
 * CRC-32s of a file's tensors. They are collected while data passes in order from its first element, and made by
 * a run of their own where a range needs one that did not pass.
 */
export class Checksums {
  private readonly known = new Map<number, number>();
  private readonly running = new Map<number, { next: number; crc: number }>();

  observe(chunk: Chunk & { kind: 'elements' }, bytes: Uint8Array, total: number): void {
    const state = this.running.get(chunk.tensor) ?? { next: 0, crc: 0 };
    if (chunk.first !== state.next) return;
    state.crc = crc32(bytes, state.crc);
    state.next += chunk.count;
    if (state.next === total) this.known.set(chunk.tensor, state.crc);
    this.running.set(chunk.tensor, state);
  }

  has(tensor: number): boolean {
    return this.known.has(tensor);
  }

  get(tensor: number): number {
    const crc = this.known.get(tensor);
    if (crc === undefined) throw new Error(`the checksum of tensor ${tensor} is not known`);
    return crc;
  }
}

/** Tensors whose checksums bytes start … end − 1 hold and that would have to be computed for them. */
export function checksumsIn(file: FilePlan, start: number, end: number): number[] {
  if (!file.layout) return [];
  const needed = new Set<number>();
  let offset = 0;
  for (const segment of file.layout.segments) {
    const length = segment.kind === 'bytes' ? segment.bytes.length : segment.byteLength;
    if (segment.kind === 'checksum' && offset < end && offset + length > start) {
      for (const tensor of segment.tensors) needed.add(tensor);
    }
    offset += length;
  }
  return [...needed];
}

async function checksumRun(
  delivery: Delivery,
  tensor: number,
  block: Block,
  signal: AbortSignal,
): Promise<void> {
  const { spec } = delivery.file.table.tensors[tensor]!;
  const total = elementCount(spec.shape);
  const { bytes } = dtypes[spec.dtype];
  const step = Math.floor(block.length / bytes);
  for (let first = 0; first < total; first += step) {
    const count = Math.min(step, total - first);
    delivery.read(tensor, first, count, block);
    delivery.count(count, 0);
    const chunk = { kind: 'elements', tensor, first, count, skip: 0, byteLength: count * bytes } as const;
    delivery.checksums.observe(chunk, block.subarray(0, count * bytes), total);
    await nextTurn();
    signal.throwIfAborted();
  }
}

/** The bytes of one chunk, computed into `block` where it has elements. */
async function bytesOf(
  delivery: Delivery,
  chunk: Chunk,
  block: Block,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (chunk.kind === 'bytes') return chunk.bytes;
  if (chunk.kind === 'checksum') {
    for (const tensor of chunk.segment.tensors) {
      if (!delivery.checksums.has(tensor)) await checksumRun(delivery, tensor, block, signal);
    }
    return chunk.segment.bytes((tensor) => delivery.checksums.get(tensor)).subarray(chunk.from, chunk.to);
  }
  const { file, read, checksums, count } = delivery;
  const { spec } = file.table.tensors[chunk.tensor]!;
  read(chunk.tensor, chunk.first, chunk.count, block);
  count(chunk.count, 0);
  if (file.format.name === 'npz' && chunk.skip === 0) {
    const whole = block.subarray(0, chunk.count * dtypes[spec.dtype].bytes);
    if (whole.length === chunk.byteLength) checksums.observe(chunk, whole, elementCount(spec.shape));
  }
  return block.subarray(chunk.skip, chunk.skip + chunk.byteLength);
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
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  const { file } = delivery;
  if (!file.layout) throw new Error(`${file.format.name} is no binary format`);
  for (const chunk of chunks(file.layout, file.description.specs, start, end, block.length)) {
    yield await bytesOf(delivery, chunk, block, signal);
    signal.throwIfAborted();
  }
}

/**
 * Streams bytes start … end − 1 of a file to a response whose head has been written, in blocks leased from the
 * pool, as fast as the socket takes them and no faster.
 *
 * A block is given back when the callback of its own write says that the bytes have left, or when the socket
 * has closed: callbacks are lost when a client leaves. Rejects when the client leaves or nothing moves for
 * `stallMs`; all blocks are given back then.
 */
export async function stream(
  delivery: Delivery,
  pool: BlockPool,
  response: ServerResponse,
  start: number,
  end: number,
  stallMs: number,
): Promise<void> {
  const { file } = delivery;
  if (!file.layout) throw new Error(`${file.format.name} is no binary format`);
  const { socket } = response.req;
  const closed = new AbortController();
  const held = new Set<Block>();
  let wake: (() => void) | undefined;

  const give = (block: Block) => {
    if (!held.delete(block)) return;
    pool.release(block);
    wake?.();
  };
  const leave = () => {
    for (const block of [...held]) give(block);
    closed.abort(new Error('the client left'));
    wake?.();
  };
  if (socket.destroyed) throw new Error('the client left');
  // One listener a response: a client may pipeline more of them than Node's default warning allows.
  socket.setMaxListeners(0);
  socket.once('close', leave);

  const room = async () => {
    while (held.size >= blocksPerRequest && !closed.signal.aborted) {
      const guard = stallGuard(response, stallMs);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      clearInterval(guard);
    }
    closed.signal.throwIfAborted();
  };

  try {
    for (const chunk of chunks(file.layout, file.description.specs, start, end, pool.blockBytes)) {
      await room();
      if (chunk.kind === 'bytes') {
        response.write(chunk.bytes);
        delivery.count(0, chunk.bytes.length);
        continue;
      }
      const block = await pool.lease(closed.signal);
      if (closed.signal.aborted) {
        pool.release(block);
        closed.signal.throwIfAborted();
      }
      held.add(block);
      const bytes = await bytesOf(delivery, chunk, block, closed.signal);
      delivery.count(0, bytes.length);
      response.write(bytes, () => give(block));
      // Bytes of a checksum segment are memory of their own, so their block goes back at once.
      if (chunk.kind === 'checksum') give(block);
      await nextTurn();
    }
    await finished(response, closed.signal, stallMs);
    socket.removeListener('close', leave);
    for (const block of [...held]) give(block);
  } catch (error) {
    // The length is already promised: a body cut short must not look whole. Blocks come back with `close`.
    if (socket.destroyed && !closed.signal.aborted) leave();
    else socket.destroy();
    throw error;
  }
}

/** Closes a connection that takes nothing for `stallMs`; a pipelined response whose turn has not come may wait. */
function stallGuard(response: ServerResponse, stallMs: number): NodeJS.Timeout {
  return setInterval(() => {
    if (response.socket) response.socket.destroy();
  }, stallMs);
}

/** Ends the response and waits until its last byte has gone to the socket. */
function finished(response: ServerResponse, left: AbortSignal, stallMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const guard = stallGuard(response, stallMs);
    const settle = (error?: unknown) => {
      clearInterval(guard);
      if (error) reject(error);
      else resolve();
    };
    left.addEventListener('abort', () => settle(left.reason), { once: true });
    response.end(() => settle());
  });
}
