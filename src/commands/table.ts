import { createHash } from 'node:crypto';
import { Checksums } from '../checksums.js';
import type { AnyEncoding } from '../encodings/define.js';
import { jsBackend, Kernels } from '../kernels/index.js';
import { startKernels } from '../kernels/start.js';
import { decodeQuery } from '../params.js';
import { pieces } from '../pieces.js';
import { revision } from '../revision.js';
import { type FilePlan, tableParameters } from '../table.js';
import { Tables } from '../tables.js';
import { type Send, sendTo, writeWhole } from './output.js';
import { Progress } from './progress.js';
import { parseTableArguments } from './table-arguments.js';
import { tableHelp } from './table-help.js';
import { type Command, type Surroundings, UsageError } from './usage.js';

/** On one's own machine there is nobody to protect: only what cannot be addressed is refused. */
const limits = { table_bytes: Number.MAX_SAFE_INTEGER, text_elements: Number.MAX_SAFE_INTEGER };
const blockBytes = 524_288;

export const tableCommand: Command = {
  name: 'table',
  usage: 'posenc table ENCODING --PARAMETER VALUE … [--format EXT] [-o FILE]',
  summary: 'Compute a table; the format follows the name of the file, JSON to standard output by default.',
  help([id], { encodings }) {
    const encoding = encodings.find((candidate) => candidate.id === id);
    if (encoding) return tableHelp(encoding);
    return `ENCODING is one of ${namesOf(encodings)}.\n'posenc table ENCODING --help' lists its parameters.\n`;
  },
  async run([id, ...flags], { encodings, stdout, stderr }) {
    const encoding = encodings.find((candidate) => candidate.id === id);
    if (!encoding) {
      const wrong = id === undefined ? 'an encoding is missing' : `there is no encoding ${id}`;
      throw new UsageError(`${wrong}; there are ${namesOf(encodings)}`);
    }
    const { output, format, query } = parseTableArguments(encoding, flags);
    const raw = decodeQuery(tableParameters(encoding), query);
    // Starting gpu.js and the self-tests would take longer than most tables.
    const kernels =
      raw.values.backend === 'gpu' ? await startKernels({ backend: 'gpu' }) : new Kernels([jsBackend], []);
    const tables = new Tables(kernels, limits, false);
    const file = tables.plan(encoding, format, raw);
    const produce = (send: Send) => write(file, tables, send, stderr);
    if (output === null) await produce(sendTo(stdout));
    else await writeWhole(output, produce);
    return 0;
  },
};

function namesOf(encodings: readonly AnyEncoding[]): string {
  return encodings.map(({ id }) => id).join(', ');
}

async function write(
  file: FilePlan,
  tables: Tables,
  send: Send,
  stderr: Surroundings['stderr'],
): Promise<void> {
  if (file.table.digest) {
    await send(`${JSON.stringify(await digestOf(file, tables))}\n`);
  } else if (file.format.kind === 'text') {
    for (const text of file.format.print(file.description, tables.reader(file.table))) await send(text);
  } else {
    const bar = new Progress(file.layout?.byteLength ?? 0, stderr);
    try {
      for await (const piece of bytesOf(file, tables)) {
        await send(piece);
        bar.advance(piece.length);
      }
    } finally {
      bar.end();
    }
  }
}

/** What the service answers to `digest=sha-256`. */
async function digestOf(file: FilePlan, tables: Tables): Promise<Readonly<Record<string, unknown>>> {
  const hash = createHash('sha256');
  for await (const piece of bytesOf(file, tables)) hash.update(piece);
  return { 'sha-256': hash.digest('hex'), bytes: file.layout?.byteLength, etag: `"${file.etag}"`, revision };
}

/** The bytes of a binary file in pieces of one block, which is filled again when the next one is asked for. */
function bytesOf(file: FilePlan, tables: Tables): AsyncGenerator<Uint8Array, void, void> {
  const delivery = {
    file,
    read: tables.reader(file.table),
    checksums: new Checksums(),
    count: () => undefined,
  };
  const block = new Uint8Array(new ArrayBuffer(blockBytes));
  return pieces(delivery, 0, file.layout?.byteLength ?? 0, block);
}
