import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';

/** Large enough that reading costs as little as it can. */
const readBytes = 2 ** 20;

/** What a client saw of one response. */
export interface Response {
  readonly status: number;
  /** From the request to the first byte of the body. */
  readonly firstByteMs: number;
  /** From the request to the last byte that was waited for. */
  readonly totalMs: number;
  /** Bytes of the body, chunk sizes included where the length was not known beforehand. */
  readonly bytes: number;
}

interface Reading {
  head: string;
  bytes: number;
  firstByteAt: number;
}

function read(reading: Reading, count: number, buffer: Uint8Array): void {
  if (reading.firstByteAt > 0) {
    reading.bytes += count;
    return;
  }
  reading.head += Buffer.from(buffer.buffer, buffer.byteOffset, count).toString('latin1');
  const end = reading.head.indexOf('\r\n\r\n');
  if (end < 0 || reading.head.length === end + 4) return;
  reading.bytes = reading.head.length - end - 4;
  reading.firstByteAt = performance.now();
}

/**
 * Sends a GET on a connection of its own and reads the response as fast as it comes, into one buffer.
 *
 * @param until Whether to leave after the first bytes of the body or to stay to the end.
 * @throws Error for any status but 200 and 206.
 */
export async function download(
  port: number,
  path: string,
  { until = 'end', headers = '' }: { until?: 'first byte' | 'end'; headers?: string } = {},
): Promise<Response> {
  const reading: Reading = { head: '', bytes: 0, firstByteAt: 0 };
  const socket: Socket = connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    onread: {
      buffer: new Uint8Array(readBytes),
      callback(count, buffer) {
        read(reading, count, buffer as Uint8Array);
        if (until === 'first byte' && reading.firstByteAt > 0) socket.destroy();
        return true;
      },
    },
  });
  await once(socket, 'connect');
  const started = performance.now();
  socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n${headers}\r\n`);
  await once(socket, 'close');
  const totalMs = performance.now() - started;
  const status = Number(reading.head.slice(9, 12));
  if (status !== 200 && status !== 206) throw new Error(`${path}: ${reading.head.slice(0, 400)}`);
  return { status, firstByteMs: reading.firstByteAt - started, totalMs, bytes: reading.bytes };
}

/** A reader that takes about `bytesPerSecond` of a response, or none of it at 0, until it is closed. */
export class SlowReader {
  private readonly socket: Socket;
  private timer: NodeJS.Timeout | undefined;
  bytes = 0;

  constructor(port: number, path: string, bytesPerSecond: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('error', () => {});
    this.socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`);
    if (bytesPerSecond === 0) return;
    this.socket.on('data', (data) => {
      this.bytes += data.length;
      this.socket.pause();
      this.timer = setTimeout(() => this.socket.resume(), (1000 * data.length) / bytesPerSecond);
    });
  }

  close(): void {
    clearTimeout(this.timer);
    this.socket.destroy();
  }
}

/** One connection that asks for one path after the other and waits for each answer. */
class Caller {
  private head = '';
  private missing = -1;
  answers = 0;

  constructor(
    private readonly socket: Socket,
    private readonly next: () => string,
  ) {
    socket.on('data', (data) => this.take(data));
    this.ask();
  }

  private ask(): void {
    this.socket.write(`GET ${this.next()} HTTP/1.1\r\nHost: bench\r\n\r\n`);
  }

  private take(data: Buffer): void {
    if (this.missing < 0) {
      this.head += data.toString('latin1');
      const end = this.head.indexOf('\r\n\r\n');
      if (end < 0) return;
      if (!this.head.startsWith('HTTP/1.1 200')) throw new Error(this.head);
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(this.head)?.[1]);
      this.missing = length - (this.head.length - end - 4);
    } else {
      this.missing -= data.length;
    }
    if (this.missing > 0) return;
    this.head = '';
    this.missing = -1;
    this.answers++;
    this.ask();
  }
}

/** Answers over `connections` keep-alive connections, each with one request under way, within a while. */
export async function answersWithin(
  port: number,
  next: () => string,
  connections: number,
  milliseconds: number,
): Promise<number> {
  const sockets = Array.from({ length: connections }, () =>
    connect({ port, host: '127.0.0.1', noDelay: true }),
  );
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const callers = sockets.map((socket) => new Caller(socket, next));
  // The client never sleeps: to wake a processor of a virtual machine costs whoever writes as much as the request.
  let over = false;
  const stayAwake = () => {
    if (!over) setImmediate(stayAwake);
  };
  stayAwake();
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  over = true;
  const answers = callers.reduce((sum, caller) => sum + caller.answers, 0);
  for (const socket of sockets) socket.destroy();
  return answers;
}
