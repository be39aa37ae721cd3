import { gunzipSync } from 'node:zlib';
import type { Random } from '../random.js';
import { type Head, Wire } from '../wire.js';
import type { Findings } from './findings.js';
import type { SoakTable } from './tables.js';

/** Of every so many pieces of a vast table, one is compared, and of that so much. */
const piecesPerWindow = 4;
const windowBytes = 2048;

/** One client of a soak, doing one thing: it asks, reads, and compares what it reads with the truth. */
export class Visit {
  /** @param end When the soak is over, by `performance.now()`. */
  constructor(
    readonly act: string,
    readonly port: number,
    readonly random: Random,
    private readonly findings: Findings,
    private readonly end: number,
  ) {}

  get over(): boolean {
    return performance.now() >= this.end;
  }

  /** Does something on a connection of its own, which is closed behind it, or after `silenceMs` without a byte. */
  async connected(run: (wire: Wire) => Promise<void>, silenceMs = 20_000): Promise<void> {
    const wire = await Wire.open(this.port, silenceMs);
    try {
      await run(wire);
    } finally {
      wire.close();
    }
  }

  find(rule: string, detail: string): void {
    this.findings.add(rule, this.act, detail);
  }

  /** Counts an answer, and tells whether its status is the expected one. */
  expect({ status, headers }: Head, expected: number, what: string): boolean {
    this.findings.answered(this.act, status);
    if (status === expected) return true;
    const { 'retry-after': retry } = headers;
    const more = retry === undefined ? '' : ` with Retry-After ${retry}`;
    this.find('unexpected status', `${status}${more} instead of ${expected}: ${what}`);
    return false;
  }

  /** Compares bytes that were read with the truth. */
  same(bytes: Buffer, truth: Buffer, table: SoakTable, start = 0): void {
    this.findings.compared(this.act, bytes.length);
    if (bytes.equals(truth)) return;
    let at = 0;
    while (at < truth.length && bytes[at] === truth[at]) at++;
    const sizes = bytes.length === truth.length ? '' : `, ${bytes.length} bytes instead of ${truth.length}`;
    this.find('wrong byte', `byte ${start + at} of ${table.name}${sizes}`);
  }

  /** Reads the next answer, which has no body or one that does not matter. */
  async status(wire: Wire, expected: number, what: string, method = 'GET'): Promise<void> {
    this.expect(await wire.answer(method), expected, what);
  }

  /** Reads the next answer, all of a table. */
  async whole(wire: Wire, table: SoakTable): Promise<void> {
    const answer = await wire.answer();
    if (!this.expect(answer, 200, table.name)) return;
    const { headers, body } = answer;
    this.findings.read(this.act, body.length);
    this.same(headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body, await table.whole(), table);
  }

  /** Reads the next answer, bytes start … end − 1 of a table. */
  async part(wire: Wire, table: SoakTable, start: number, end: number): Promise<void> {
    const answer = await wire.answer();
    if (!this.expect(answer, 206, `${start} to ${end - 1} of ${table.name}`)) return;
    this.findings.read(this.act, answer.body.length);
    this.same(answer.body, await table.range(start, end), table, start);
  }

  /**
   * Reads the next answer, a table from its begin, as long as `onPiece` wants: it is told how many bytes have come,
   * and says whether to go on. Of a vast table some windows are compared, of others all that is read.
   */
  async stream(
    wire: Wire,
    table: SoakTable,
    onPiece: (bytes: number) => boolean | Promise<boolean>,
  ): Promise<void> {
    const beginning = await wire.begin();
    if (!this.expect(beginning, 200, table.name)) return;
    let at = 0;
    for await (const piece of beginning.pieces) {
      await this.look(table, at, piece);
      at += piece.length;
      if (!(await onPiece(at))) return;
    }
    const size = table.bytes ?? (await table.whole()).length;
    if (at !== size) this.find('wrong byte', `${at} bytes instead of ${size} of ${table.name}`);
  }

  private async look(table: SoakTable, at: number, piece: Buffer): Promise<void> {
    this.findings.read(this.act, piece.length);
    if (!table.isVast) {
      this.same(piece, await table.range(at, at + piece.length), table, at);
    } else if (at === 0 || this.random.below(piecesPerWindow) === 0) {
      const from = this.random.below(Math.max(1, piece.length - windowBytes));
      const window = piece.subarray(from, from + windowBytes);
      this.same(window, await table.range(at + from, at + from + window.length), table, at + from);
    }
  }
}
