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

/** What is asked for beside the path, and what has to come. */
export interface Question {
  readonly status?: number;
  /** Header lines, each with its end. */
  readonly headers?: () => string;
}

/** One keep-alive connection with one request under way. */
export class Caller {
  private head = '';
  private missing = -1;
  private started = 0;
  private answered: (milliseconds: number) => void = () => undefined;

  private constructor(
    private readonly socket: Socket,
    private readonly question: Question,
  ) {
    socket.on('data', (data) => this.take(data));
  }

  static async connect(port: number, question: Question = {}): Promise<Caller> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new Caller(socket, question);
  }

  /** Asks, and calls `answered` with the milliseconds to the last byte. */
  ask(path: string, answered: (milliseconds: number) => void): void {
    this.answered = answered;
    this.started = performance.now();
    this.socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\n${this.question.headers?.() ?? ''}\r\n`);
  }

  close(): void {
    this.socket.destroy();
  }

  private take(data: Buffer): void {
    if (this.missing < 0) {
      this.head += data.toString('latin1');
      const end = this.head.indexOf('\r\n\r\n');
      if (end < 0) return;
      const { status = 200 } = this.question;
      if (Number(this.head.slice(9, 12)) !== status) throw new Error(this.head.slice(0, 400));
      const length = status === 304 ? 0 : Number(/\r\ncontent-length: (\d+)/i.exec(this.head)?.[1]);
      this.missing = length - (this.head.length - end - 4);
    } else {
      this.missing -= data.length;
    }
    if (this.missing > 0) return;
    this.head = '';
    this.missing = -1;
    this.answered(performance.now() - this.started);
  }
}

/** Answers over `connections` connections, each with one request under way, within a while. */
export async function answersWithin(
  port: number,
  next: () => string,
  connections: number,
  milliseconds: number,
  question: Question = {},
): Promise<number> {
  const callers = await Promise.all(
    Array.from({ length: connections }, () => Caller.connect(port, question)),
  );
  let answers = -connections;
  for (const caller of callers) {
    const again = () => {
      answers++;
      caller.ask(next(), again);
    };
    again();
  }
  // The client never sleeps: to wake a processor of a virtual machine costs whoever writes as much as the request.
  let over = false;
  const stayAwake = () => {
    if (!over) setImmediate(stayAwake);
  };
  stayAwake();
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  over = true;
  for (const caller of callers) caller.close();
  return answers;
}
