import { Checksums } from '../../src/checksums.js';
import { type Delivery, pieces } from '../../src/pieces.js';
import type { FilePlan } from '../../src/table.js';
import type { Tables } from '../../src/tables.js';

/** A file and what reading it takes, no checksum known yet. */
export function deliveryOf(file: FilePlan, tables: Tables): Delivery {
  return { file, read: tables.reader(file.table), checksums: new Checksums(), count: () => undefined };
}

/** Bytes start … end − 1 of a binary file, computed on demand through blocks of `blockBytes`. */
export async function rangeOf(
  delivery: Delivery,
  start: number,
  end: number,
  blockBytes = 65_536,
): Promise<Buffer> {
  const block = new Uint8Array(new ArrayBuffer(blockBytes));
  const parts: Buffer[] = [];
  for await (const piece of pieces(delivery, start, end, block)) parts.push(Buffer.from(piece));
  return Buffer.concat(parts);
}

/** A whole file of any format, as the service sends it. */
export async function wholeOf(file: FilePlan, tables: Tables): Promise<Buffer> {
  if (file.format.kind === 'text') {
    return Buffer.from([...file.format.print(file.description, tables.reader(file.table))].join(''));
  }
  return rangeOf(deliveryOf(file, tables), 0, file.layout?.byteLength ?? 0);
}
