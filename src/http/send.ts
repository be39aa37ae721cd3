import type { ServerResponse } from 'node:http';
import type { Chunk } from '../formats/chunks.js';
import type { Block, BlockPool } from '../kernels/pool.js';
import {
  bytesOfElements,
  checksumChunk,
  chunksOf,
  computeChunk,
  type Delivery,
  nextTurn,
} from '../pieces.js';
import { ClientLeft, turnOf, watchClient } from './client.js';

/** Blocks a response may hold: some being computed by threads, while those before are under way to the socket. */
export const blocksPerResponse = 4;

/** Blocks of one response: leased from the pool, filled, on their way, and back. */
class HeldBlocks {
  private readonly held = new Set<Block>();
  private readonly computing = new Set<Block>();
  private over = false;
  private wake: () => void = () => undefined;

  /** @param stop Ends the waiting for blocks. */
  constructor(
    private readonly pool: BlockPool,
    private readonly stop: AbortSignal,
  ) {
    stop.addEventListener('abort', () => this.wake(), { once: true });
  }

  /** Whether all have been given back. */
  get isEmpty(): boolean {
    return this.held.size === 0;
  }

  /** A block to fill: at once where the pool has one to spare, else when one of this response's own has left. */
  async take(): Promise<Block> {
    for (;;) {
      this.stop.throwIfAborted();
      const first = this.held.size === 0;
      const spare = !first && this.held.size < blocksPerResponse ? this.pool.leaseSpare() : null;
      const block = first ? await this.pool.lease(this.stop) : spare;
      if (block) {
        this.held.add(block);
        if (this.over) this.give(block);
        this.stop.throwIfAborted();
        return block;
      }
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** Computes into a block, which stays held until that is done, whoever leaves meanwhile. */
  async compute<T>(block: Block, run: () => T | Promise<T>): Promise<T> {
    this.computing.add(block);
    try {
      return await run();
    } finally {
      this.computing.delete(block);
      if (this.over) this.give(block);
    }
  }

  /** Gives a block back; a second call does nothing. */
  give(block: Block): void {
    if (this.computing.has(block) || !this.held.delete(block)) return;
    this.pool.release(block);
    this.wake();
  }

  /** Gives all back, those being computed as soon as they are done. To be called when no write reads them any more. */
  giveAll(): void {
    this.over = true;
    for (const block of [...this.held]) this.give(block);
  }
}

/**
 * Ends the response and waits until its last byte has gone to the kernel, or has been lost: a connection that has
 * broken off, and does not say so before its `close`, takes whatever is written to it.
 */
function finished(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    response.end(() => resolve());
  });
}

/**
 * Streams bytes start … end − 1 of a file to a response, in blocks leased from the pool, as fast as the socket
 * takes them and no faster. It begins when the responses before it on its connection have been sent.
 *
 * A block is given back when the callback of its own write says that the bytes have left, or when the connection
 * has closed: callbacks are lost when a client leaves.
 *
 * @param begin Writes the head. Called when the first block has been computed: what fails before can still be
 * answered as an error.
 * @throws ClientLeft; and whatever computing throws, after closing the connection where the head has been written:
 * a body cut short must not look whole. All blocks are given back, then or when the connection has closed.
 */
export async function stream(
  delivery: Delivery,
  pool: BlockPool,
  response: ServerResponse,
  begin: () => void,
  start: number,
  end: number,
): Promise<void> {
  const { socket } = response.req;
  const client = watchClient(socket);
  /** Aborts when the client leaves, and when computing fails. */
  const stop = new AbortController();
  const { signal } = stop;
  const blocks = new HeldBlocks(pool, signal);
  const leave = () => {
    stop.abort(client.signal.reason);
    // From here on no write will ever be called back, and none reads a block any more.
    blocks.giveAll();
  };
  if (client.signal.aborted) leave();
  else client.signal.addEventListener('abort', leave, { once: true });
  /** Bytes before the first block; null once the head has been written. */
  let ahead: Uint8Array[] | null = [];

  const writeHead = () => {
    if (!ahead) return;
    begin();
    for (const early of ahead) response.write(early);
    ahead = null;
  };
  const write = (bytes: Uint8Array, sent?: () => void) => {
    delivery.count(0, bytes.length);
    if (sent) writeHead();
    if (ahead) ahead.push(bytes);
    else response.write(bytes, sent);
  };
  /** Writes a chunk when those before it have been written. Blocks are computed meanwhile. */
  const deliver = async (chunk: Chunk, block: Block | null, before: Promise<void>): Promise<void> => {
    if (chunk.kind === 'bytes' || block === null) {
      await before;
      if (chunk.kind === 'bytes') write(chunk.bytes);
    } else if (chunk.kind === 'elements') {
      await Promise.all([blocks.compute(block, () => computeChunk(delivery, chunk, block)), before]);
      signal.throwIfAborted();
      write(bytesOfElements(delivery, chunk, block), () => blocks.give(block));
    } else {
      await before;
      // The fields of a checksum are memory of their own.
      const fields = await blocks.compute(block, () => checksumChunk(delivery, chunk, block, signal));
      blocks.give(block);
      write(fields);
    }
  };

  try {
    await turnOf(response, signal);
    let delivered = Promise.resolve();
    for (const chunk of chunksOf(delivery.file, start, end, pool.blockBytes)) {
      delivered = deliver(chunk, chunk.kind === 'bytes' ? null : await blocks.take(), delivered);
      delivered.catch((error) => stop.abort(error));
      await nextTurn();
      signal.throwIfAborted();
    }
    await delivered;
    writeHead();
    await finished(response, signal);
    // What has not been called back has not been sent.
    if (!blocks.isEmpty) throw new ClientLeft();
  } catch (error) {
    if (ahead) blocks.giveAll();
    else socket.destroy();
    throw signal.aborted ? signal.reason : error;
  } finally {
    // Until a connection that was cut has closed, its blocks may still be read.
    if (blocks.isEmpty || ahead) client.forget();
  }
}
