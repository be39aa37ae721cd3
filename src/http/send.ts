import type { ServerResponse } from 'node:http';
import type { Block, BlockPool } from '../kernels/pool.js';
import { bytesOf, chunksOf, type Delivery, nextTurn } from '../pieces.js';
import { turnOf, watchClient } from './client.js';

/** Blocks a response may hold: one under way to the socket while the next is computed. */
export const blocksPerResponse = 2;

/** Blocks of one response: leased from the pool, filled, on their way, and back. */
class HeldBlocks {
  private readonly held = new Set<Block>();
  private wake: (() => void) | undefined;

  constructor(
    private readonly pool: BlockPool,
    private readonly signal: AbortSignal,
  ) {
    // From here on no write will ever be called back, and none reads a block any more.
    signal.addEventListener('abort', () => this.giveAll(), { once: true });
  }

  /** A block to fill, as soon as one of this response's own has left and the pool has one. */
  async take(): Promise<Block> {
    while (this.held.size >= blocksPerResponse && !this.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    this.signal.throwIfAborted();
    const block = await this.pool.lease(this.signal);
    this.held.add(block);
    if (this.signal.aborted) this.giveAll();
    this.signal.throwIfAborted();
    return block;
  }

  /** Gives a block back; a second call does nothing. */
  give(block: Block): void {
    if (!this.held.delete(block)) return;
    this.pool.release(block);
    this.wake?.();
  }

  giveAll(): void {
    for (const block of [...this.held]) this.give(block);
  }
}

/** Ends the response and waits until its last byte has gone to the kernel. */
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
  const { signal } = client;
  const blocks = new HeldBlocks(pool, signal);
  /** Bytes before the first block. */
  let ahead: Uint8Array[] | null = [];

  const write = (bytes: Uint8Array, sent?: () => void) => {
    if (ahead) {
      begin();
      for (const early of ahead) response.write(early);
      ahead = null;
    }
    response.write(bytes, sent);
    delivery.count(0, bytes.length);
  };

  try {
    await turnOf(response, signal);
    for (const chunk of chunksOf(delivery.file, start, end, pool.blockBytes)) {
      if (chunk.kind === 'bytes') {
        delivery.count(0, ahead ? chunk.bytes.length : 0);
        if (ahead) ahead.push(chunk.bytes);
        else write(chunk.bytes);
        continue;
      }
      const block = await blocks.take();
      const bytes = await bytesOf(delivery, chunk, block, signal);
      if (bytes.buffer === block.buffer) write(bytes, () => blocks.give(block));
      else {
        // The fields of a checksum are memory of their own.
        blocks.give(block);
        write(bytes);
      }
      await nextTurn();
      signal.throwIfAborted();
    }
    if (ahead) begin();
    for (const early of ahead ?? []) response.write(early);
    await finished(response, signal);
  } catch (error) {
    if (ahead) {
      client.forget();
      blocks.giveAll();
    } else {
      socket.destroy();
    }
    throw error;
  }
  client.forget();
}
