import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Exchanges } from './exchanges.js';

/**
 * Closes connections whose client takes no byte of a response for `stallMs` (twice that at most: one period tells
 * that nothing moved in it). Node's own timer counts every byte the kernel takes as a sign of life, so a slow
 * reader may be as slow as it likes. A response that is still being computed, or waits for a block, owes nothing.
 */
export function cutStalledReaders(app: FastifyInstance, exchanges: Exchanges, stallMs: number): void {
  app.server.setTimeout(stallMs, (socket: Socket) => {
    const idle = exchanges.on(socket).length === 0 && socket.bytesWritten > 0;
    if (idle || socket.writableLength > 0) socket.destroy();
    // Timers run once. A connection that never asked for anything has the time-out of request heads.
    else socket.setTimeout(stallMs);
  });
}
