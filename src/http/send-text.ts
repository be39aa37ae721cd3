import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { FastifyReply } from 'fastify';
import { nextTurn } from './send.js';

/**
 * Streams a text that is printed while it is sent, compressed where asked. Length unknown, so HTTP/1.1 chunks it.
 * Rejects when the client leaves or takes nothing for `stallMs`.
 */
export async function streamText(
  reply: FastifyReply,
  pieces: Iterable<string>,
  gzip: boolean,
  stallMs: number,
  count: (bytes: number) => void,
): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  const headers = Object.entries(reply.getHeaders()).filter(([, value]) => value !== undefined);
  raw.writeHead(reply.statusCode, Object.fromEntries(headers) as Record<string, string>);
  const { socket } = raw.req;
  let last = Date.now();
  const watch = setInterval(
    () => {
      if (raw.socket && Date.now() - last > stallMs) socket.destroy();
    },
    Math.min(stallMs, 1000),
  );

  async function* buffers(): AsyncGenerator<Buffer, void, void> {
    for (const piece of pieces) {
      last = Date.now();
      yield Buffer.from(piece);
      await nextTurn();
    }
  }
  const source = Readable.from(buffers(), { objectMode: false, highWaterMark: 131_072 });
  const before = socket.bytesWritten;
  try {
    if (gzip) await pipeline(source, createGzip({ level: 4 }), raw);
    else await pipeline(source, raw);
    if (!raw.writableFinished) await once(raw, 'finish');
  } finally {
    clearInterval(watch);
    count(Math.max(0, socket.bytesWritten - before));
  }
}
