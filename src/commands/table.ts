import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { Checksums } from '../checksums.js';
import type { AnyEncoding } from '../encodings/define.js';
import { encodings } from '../encodings/index.js';
import type { Format } from '../formats/define.js';
import { formatByExtension, formats } from '../formats/index.js';
import { jsBackend, Kernels } from '../kernels/index.js';
import { startKernels } from '../kernels/start.js';
import { decodeQuery, encodeQuery } from '../params.js';
import { pieces } from '../pieces.js';
import { revision } from '../revision.js';
import { type FilePlan, tableParameters } from '../table.js';
import { Tables } from '../tables.js';
import { type Command, UsageError } from './usage.js';

/** On one's own machine there is nobody to protect: only what cannot be addressed is refused. */
const limits = { table_bytes: Number.MAX_SAFE_INTEGER, text_elements: Number.MAX_SAFE_INTEGER };
const blockBytes = 524_288;
/** A bar is drawn once a table takes longer than this. */
const progressAfterMs = 1000;

export const tableCommand: Command = {
  name: 'table',
  usage: 'posenc table ENCODING --PARAMETER VALUE … [--format EXT] [-o FILE]',
  summary: 'Compute a table; the format follows the name of the file, JSON to standard output by default.',
  async run(argv) {
    const [id, ...flags] = argv;
    const encoding = encodings.find((candidate) => candidate.id === id);
    if (!encoding) {
      throw new UsageError(
        `there is no encoding ${id ?? ''}; there are ${encodings.map((e) => e.id).join(', ')}`,
      );
    }
    if (flags.includes('--help') || flags.includes('-h')) {
      console.log(help(encoding));
      return 0;
    }
    const { output, format, query } = parse(flags);
    const raw = decodeQuery(tableParameters(encoding), query);
    // Starting gpu.js and the self-tests would take longer than most tables.
    const kernels =
      raw.values.backend === 'gpu' ? await startKernels({ backend: 'gpu' }) : new Kernels([jsBackend], []);
    const tables = new Tables(kernels, limits, false);
    const file = tables.plan(encoding, format, raw);
    const out = output === undefined ? process.stdout : createWriteStream(output);
    await write(file, tables, out);
    return 0;
  },
};

interface Arguments {
  readonly output: string | undefined;
  readonly format: Format;
  readonly query: string;
}

/** Flags as a query: `--head-dim 128` and `--head_dim=128` are `head_dim=128`. */
function parse(flags: readonly string[]): Arguments {
  const query: string[] = [];
  let output: string | undefined;
  let extension: string | undefined;
  for (let i = 0; i < flags.length; i++) {
    const flag = flags[i] ?? '';
    if (!/^(-o|--[a-z])/.test(flag)) throw new UsageError(`${flag} is no flag`);
    const at = flag.indexOf('=');
    const name = at < 0 ? flag : flag.slice(0, at);
    const value = at < 0 ? flags[++i] : flag.slice(at + 1);
    if (value === undefined) throw new UsageError(`${name} needs a value`);
    if (name === '-o' || name === '--output') output = value;
    else if (name === '--format') extension = value;
    else query.push(encodeQuery({ [name.slice(2).replaceAll('-', '_')]: value }));
  }
  extension ??= output === undefined ? 'json' : output.slice(output.lastIndexOf('.') + 1);
  const format = formatByExtension(extension);
  if (!format) {
    throw new UsageError(
      `there is no format ${extension}; there are ${formats.map((f) => f.extension).join(', ')}`,
    );
  }
  return { output, format, query: query.join('&') };
}

async function write(file: FilePlan, tables: Tables, out: WriteStream | NodeJS.WriteStream): Promise<void> {
  if (file.table.digest) {
    const hash = createHash('sha256');
    for await (const piece of bytesOf(file, tables)) hash.update(piece);
    const digest = {
      'sha-256': hash.digest('hex'),
      bytes: file.layout?.byteLength,
      etag: `"${file.etag}"`,
      revision,
    };
    out.write(`${JSON.stringify(digest)}\n`);
  } else if (file.format.kind === 'text') {
    for (const text of file.format.print(file.description, tables.reader(file))) await send(out, text);
  } else {
    const bar = new Progress(file.layout?.byteLength ?? 0);
    for await (const piece of bytesOf(file, tables)) {
      // The block is filled again at once, so what is written must be a copy or have left: wait for it.
      await new Promise<void>((resolve, reject) =>
        out.write(piece, (error) => (error ? reject(error) : resolve())),
      );
      bar.advance(piece.length);
    }
    bar.end();
  }
  if (out !== process.stdout) {
    out.end();
    await finished(out);
  }
}

function bytesOf(file: FilePlan, tables: Tables): AsyncGenerator<Uint8Array, void, void> {
  const delivery = { file, read: tables.reader(file), checksums: new Checksums(), count: () => undefined };
  const block = new Uint8Array(new ArrayBuffer(blockBytes));
  return pieces(delivery, 0, file.layout?.byteLength ?? 0, block);
}

async function send(out: WriteStream | NodeJS.WriteStream, text: string): Promise<void> {
  if (!out.write(text)) await once(out, 'drain');
}

/** A bar on standard error, on a terminal only. */
class Progress {
  private done = 0;
  private drawn = 0;
  private readonly started = Date.now();

  constructor(private readonly total: number) {}

  advance(bytes: number): void {
    this.done += bytes;
    const now = Date.now();
    if (!process.stderr.isTTY || now - this.started < progressAfterMs || now - this.drawn < 100) return;
    this.drawn = now;
    const share = this.done / this.total;
    const speed = this.done / (now - this.started) / 1e6;
    const bar = '█'.repeat(Math.round(30 * share)).padEnd(30, '░');
    process.stderr.write(`\r${bar} ${(100 * share).toFixed(0).padStart(3)} %  ${speed.toFixed(2)} GB/s `);
  }

  end(): void {
    if (this.drawn > 0) process.stderr.write('\r\u001b[K');
  }
}

function help(encoding: AnyEncoding): string {
  const lines = Object.entries(tableParameters(encoding).shape).map(([name, type]) => {
    const { description = '' } = type as { description?: string };
    return `  --${name.replaceAll('_', '-')}\n      ${description}`;
  });
  return [encoding.title, encoding.summary, '', ...lines].join('\n');
}
