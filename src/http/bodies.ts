import { gzipSync } from 'node:zlib';
import type { ReadElements } from '../formats/define.js';
import { type Delivery, pieces } from '../pieces.js';
import type { FilePlan } from '../table.js';

/**
 * Bytes start … end − 1 of a binary file in one buffer; for small stretches.
 *
 * @param spare Bytes that are computed beside them, for their checksums.
 */
export async function binaryBody(
  delivery: Delivery,
  start: number,
  end: number,
  spare: number,
): Promise<Buffer> {
  const body = Buffer.allocUnsafeSlow(end - start);
  // Room for an element more on each side: a range may begin and end inside one.
  const block = new Uint8Array(new ArrayBuffer(8 * Math.ceil(Math.max(end - start, spare) / 8) + 16));
  let at = 0;
  for await (const piece of pieces(delivery, start, end, block)) {
    body.set(piece, at);
    at += piece.length;
  }
  return body;
}

/** A text that turned out short, or the pieces printed so far and the rest to come. */
export type TextBody =
  | { readonly kind: 'whole'; readonly body: Buffer }
  | { readonly kind: 'long'; readonly pieces: Generator<string, void, void> };

/** Prints a text format; texts of up to `limit` characters come whole. */
export function textBody(file: FilePlan, read: ReadElements, limit: number): TextBody {
  if (file.format.kind !== 'text') throw new Error(`${file.format.name} is no text format`);
  const printed = file.format.print(file.description, read);
  let start = '';
  for (let next = printed.next(); !next.done; next = printed.next()) {
    start += next.value;
    if (start.length > limit) return { kind: 'long', pieces: resumed(start, printed) };
  }
  return { kind: 'whole', body: inOwnMemory(start) };
}

function* resumed(start: string, rest: Generator<string, void, void>): Generator<string, void, void> {
  yield start;
  yield* rest;
}

/**
 * Bytes in memory that is theirs alone. Node lays short buffers side by side, and zlib answers a view of 16 KiB: to
 * keep such a buffer is to keep many times its length.
 */
function inOwnMemory(content: string | Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(Buffer.byteLength(content));
  if (typeof content === 'string') own.write(content);
  else own.set(content);
  return own;
}

/** What a kept body costs beside its bytes: its key, two buffers and their places in a map. */
const overheadBytes = 1024;

/** A body with its gzip form made on first demand. */
export class SmallBody {
  private compressed: Buffer | undefined;
  private characters: string | undefined;

  /** @param plain In memory of its own. */
  constructor(readonly plain: Buffer) {}

  /**
   * The bytes as a string of one character each, to be written as `latin1`: Node sends head and body in one piece
   * where both are strings, and in two where the body is a buffer, which takes half as long again.
   */
  get latin1(): string {
    this.characters ??= this.plain.toString('latin1');
    return this.characters;
  }

  get gzip(): Buffer {
    this.compressed ??= inOwnMemory(gzipSync(this.plain));
    return this.compressed;
  }

  /** Bytes of memory that this comes to hold; `compressible` where its gzip form may be asked for. */
  weight(compressible: boolean): number {
    return overheadBytes + (compressible ? 3 : 1) * this.plain.length;
  }
}
