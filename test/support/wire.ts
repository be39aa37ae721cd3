import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** The head of a response as it stood on the wire. */
export interface Head {
  readonly status: number;
  /** Names in lower case; the values of a repeated field joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  /** The server will take no further request on this connection. */
  readonly last: boolean;
}

/** A response. */
export interface Answer extends Head {
  readonly body: Buffer;
}

/** A response whose body is still to come. */
export interface Beginning extends Head {
  /** Pieces as they come, to be read to their end before the next answer. */
  readonly pieces: AsyncGenerator<Buffer, void, void>;
}

/** A request as text. A body has its length told. */
export function requestText(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): string {
  const length = body === '' ? {} : { 'Content-Length': String(Buffer.byteLength(body, 'latin1')) };
  const fields = Object.entries({ Host: 'x', ...headers, ...length });
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

/** What came is no response, or did not come in time. */
export class WireError extends Error {
  override readonly name: string = 'WireError';
}

/** The connection ended within an answer. */
export class CutShort extends WireError {
  override readonly name = 'CutShort';
}

/** Bytes as they come, to be taken in any portions. */
class Inbox {
  private chunks: Buffer[] = [];
  private size = 0;
  private ended = false;
  private wake: (() => void) | undefined;
  /** When something came last, or the connection began. */
  lastAt = performance.now();

  /** All that is there, as Latin-1. */
  get text(): string {
    return this.whole().toString('latin1');
  }

  push(chunk: Buffer): void {
    this.lastAt = performance.now();
    this.chunks.push(chunk);
    this.size += chunk.length;
    this.wake?.();
  }

  end(): void {
    this.ended = true;
    this.wake?.();
  }

  /** Waits for more; false where no more will come. */
  private async more(): Promise<boolean> {
    if (this.ended) return false;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
    });
    return true;
  }

  /** All that is there, in one piece. */
  private whole(): Buffer {
    if (this.chunks.length !== 1) this.chunks = [Buffer.concat(this.chunks)];
    return this.chunks[0]!;
  }

  /** Waits until there is a byte, or will never be one. */
  async isOver(): Promise<boolean> {
    while (this.size === 0) if (!(await this.more())) return true;
    return false;
  }

  /** Exactly so many bytes. Fails where fewer come. */
  async take(count: number): Promise<Buffer> {
    while (this.size < count) {
      if (!(await this.more())) {
        throw new CutShort(`the connection ended ${count - this.size} bytes before the end of a body`);
      }
    }
    const all = this.whole();
    this.chunks = [all.subarray(count)];
    this.size -= count;
    return all.subarray(0, count);
  }

  /** The next `most` bytes at most, at least one. Fails where none comes. */
  async takeSome(most: number): Promise<Buffer> {
    if (await this.isOver())
      throw new CutShort(`the connection ended ${most} bytes before the end of a body`);
    const first = this.chunks[0]!;
    if (first.length <= most) this.chunks.shift();
    else this.chunks[0] = first.subarray(most);
    const piece = first.subarray(0, most);
    this.size -= piece.length;
    return piece;
  }

  /** The text before a mark, which is taken off. Fails where it does not come. */
  async takeTo(mark: string): Promise<string> {
    for (;;) {
      const at = this.whole().indexOf(mark, 0, 'latin1');
      if (at >= 0) return (await this.take(at + mark.length)).toString('latin1').slice(0, -mark.length);
      if (!(await this.more())) {
        throw new CutShort(this.size === 0 ? 'there is no answer' : 'the connection ended within an answer');
      }
    }
  }
}

function parseHead(text: string): Pick<Answer, 'status' | 'headers'> {
  const [first = '', ...lines] = text.split('\r\n');
  const [, status] = /^HTTP\/1\.1 (\d{3}) [\x20-\x7e]*$/.exec(first) ?? [];
  if (status === undefined) throw new WireError(`not the beginning of an answer: ${first.slice(0, 200)}`);
  const headers: Record<string, string> = Object.create(null);
  for (const line of lines) {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\t\x20-\x7e\x80-\xff]*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new WireError(`not a header field: ${line}`);
    const key = name.toLowerCase();
    headers[key] = key in headers ? `${headers[key]}, ${value}` : value;
  }
  return { status: Number(status), headers };
}

/**
 * A connection that sends any bytes, right or wrong, and reads answers strictly: what comes must be HTTP/1.1, and
 * a body must be exactly as long as its head says.
 */
export class Wire {
  private readonly inbox = new Inbox();

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => this.inbox.push(chunk));
    socket.on('close', () => this.inbox.end());
    // What a reset means is told by what is missing.
    socket.on('error', () => {});
  }

  /**
   * Connects to a port of 127.0.0.1.
   *
   * @param silenceMs Time without a byte after which the connection is given up.
   */
  static async open(port: number, silenceMs = 20_000): Promise<Wire> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.setTimeout(silenceMs, () => socket.destroy());
    return new Wire(socket);
  }

  /** Text is sent as Latin-1: one character is one byte. */
  send(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Time since something came, in ms. */
  get silentMs(): number {
    return performance.now() - this.inbox.lastAt;
  }

  /** What has come and belongs to no answer yet. */
  get unread(): string {
    return this.inbox.text;
  }

  /** The next answer, interim ones passed over. Answers to HEAD have no body. */
  async answer(method = 'GET'): Promise<Answer> {
    const { pieces, ...head } = await this.begin(method);
    const body: Buffer[] = [];
    for await (const piece of pieces) body.push(piece);
    return { ...head, body: Buffer.concat(body) };
  }

  /** The same, but for its body, which may be read as slowly as one likes. */
  async begin(method = 'GET'): Promise<Beginning> {
    for (;;) {
      const head = parseHead(await this.inbox.takeTo('\r\n\r\n'));
      if (head.status < 200) continue;
      const last = /(^|,\s*)close(\s*,|$)/i.test(head.headers.connection ?? '');
      const bodiless = method === 'HEAD' || head.status === 204 || head.status === 304;
      return { ...head, last, pieces: bodiless ? nothing() : this.body(head.headers, last) };
    }
  }

  /** Waits for the next answer, or the end of the connection, and tells whether it was the end. */
  isOver(): Promise<boolean> {
    return this.inbox.isOver();
  }

  close(): void {
    this.socket.destroy();
  }

  private body(headers: Head['headers'], last: boolean): Beginning['pieces'] {
    const { 'content-length': length, 'transfer-encoding': coding } = headers;
    if (coding !== undefined) {
      if (coding !== 'chunked' || length !== undefined) throw new WireError('the framing contradicts itself');
      return this.chunks();
    }
    if (length === undefined) {
      if (!last) throw new WireError('the answer has neither a length nor an end');
      return this.rest();
    }
    if (!/^\d+$/.test(length)) throw new WireError(`not a length: ${length}`);
    return this.exactly(Number(length));
  }

  private async *exactly(count: number): Beginning['pieces'] {
    for (let left = count; left > 0; ) {
      const piece = await this.inbox.takeSome(left);
      left -= piece.length;
      yield piece;
    }
  }

  private async *rest(): Beginning['pieces'] {
    while (!(await this.inbox.isOver())) yield await this.inbox.takeSome(Number.POSITIVE_INFINITY);
  }

  private async *chunks(): Beginning['pieces'] {
    for (;;) {
      const size = await this.inbox.takeTo('\r\n');
      if (!/^[0-9a-f]+$/i.test(size)) throw new WireError(`not the size of a chunk: ${size}`);
      const length = Number.parseInt(size, 16);
      yield* this.exactly(length);
      if ((await this.inbox.takeTo('\r\n')) !== '') throw new WireError('a chunk is longer than it says');
      if (length === 0) return;
    }
  }
}

async function* nothing(): Beginning['pieces'] {}
