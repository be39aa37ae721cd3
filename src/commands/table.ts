import { Checksums } from '../checksums.js';
import type { AnyEncoding } from '../encodings/define.js';
import { startKernels, startQuickly } from '../kernels/start.js';
import { decodeQuery } from '../params.js';
import { type Delivery, digestBody, pieces, sha256Of } from '../pieces.js';
import { type FilePlan, noLimits, tableParameters } from '../table.js';
import { Tables } from '../tables.js';
import { type Send, sendTo, writeWhole } from './output.js';
import { Progress } from './progress.js';
import { parseTableArguments } from './table-arguments.js';
import { tableHelp } from './table-help.js';
import { type Command, type Surroundings, UsageError } from './usage.js';

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
    // On one's own machine there is nobody to protect, hence no limits.
    // Starting gpu.js and the self-tests would take longer than most tables.
    const kernels =
      raw.values.backend === 'gpu' ? await startKernels({ backend: 'gpu' }) : await startQuickly();
    const tables = new Tables(kernels, noLimits, false);
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
    const hex = await sha256Of(deliveryOf(file, tables), makeBlock());
    await send(`${JSON.stringify(digestBody(file, hex))}\n`);
  } else if (file.format.kind === 'text') {
    for (const text of file.format.print(file.description, tables.reader(file.table))) await send(text);
  } else {
    const total = file.layout?.byteLength ?? 0;
    const bar = new Progress(total, stderr);
    try {
      for await (const piece of pieces(deliveryOf(file, tables), 0, total, makeBlock())) {
        await send(piece);
        bar.advance(piece.length);
      }
    } finally {
      bar.end();
    }
  }
}

function deliveryOf(file: FilePlan, tables: Tables): Delivery {
  const read = tables.reader(file.table);
  return { file, read, checksums: new Checksums(), count: () => undefined };
}

/** All memory that a table takes on its way. */
function makeBlock(): Uint8Array {
  return new Uint8Array(new ArrayBuffer(blockBytes));
}
