import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { nextTurn } from '../pieces.js';
import { turnOf, watchClient } from './client.js';

/** Text that waits for the socket, in bytes: a piece or two. */
const aheadBytes = 131_072;

async function* buffers(pieces: Iterable<string>): AsyncGenerator<Buffer, void, void> {
  for (const piece of pieces) {
    yield Buffer.from(piece);
    await nextTurn();
  }
}

/**
 * Streams a text that is printed while it is sent, compressed where asked. Length unknown, so HTTP/1.1 chunks it.
 * It begins when the responses before it on its connection have been sent.
 *
 * @param begin Writes the head.
 * @returns Bytes that the connection carried for it.
 * @throws ClientLeft.
 */
export async function streamText(
  response: ServerResponse,
  begin: () => void,
  pieces: Iterable<string>,
  gzip: boolean,
): Promise<number> {
  const { socket } = response.req;
  const client = watchClient(socket);
  try {
    await turnOf(response, client.signal);
    begin();
    const before = socket.bytesWritten ?? 0;
    const source = Readable.from(buffers(pieces), { objectMode: false, highWaterMark: aheadBytes });
    if (gzip) await pipeline(source, createGzip({ level: 4 }), response);
    else await pipeline(source, response);
    return (socket.bytesWritten ?? 0) - before;
  } catch (error) {
    if (response.headersSent) socket.destroy();
    throw client.signal.aborted ? client.signal.reason : error;
  } finally {
    client.forget();
  }
}
