import { z } from 'zod';
import { goldenFile } from './golden.js';
import type { StoredTensor } from './safetensors.js';
import { plan } from './tables.js';

const recorded = z.object({ tables: z.array(z.object({ dim: z.int(), bits: z.string() })) });

/** torch's float32 frequencies of the variants with MKL's exp, by dim; test/golden/sinusoidal_frequencies.py made them. */
export const torchFrequencies: ReadonlyMap<number, Float32Array> = new Map(
  recorded
    .parse(JSON.parse(goldenFile('sinusoidal_frequencies.json').toString()))
    .tables.map(({ dim, bits }) => {
      const bytes = Buffer.from(bits, 'hex').swap32();
      return [dim, new Float32Array(new Uint8Array(bytes).buffer)];
    }),
);

/** posenc's float32 frequencies of a table of sinusoids. */
export function ourFrequencies(dim: number, variant: string): Float32Array {
  const rows = plan('sinusoidal', { dim, variant, length: 1 }).table.tensors[0]?.plan.rows();
  if (rows?.kind !== 'phase') throw new Error('a table of sinusoids is a phase table');
  return Float32Array.from(rows.phases.frequencies, (frequency) => frequency.toNumber());
}

const scratch = new DataView(new ArrayBuffer(4));

/** The distance of a float32 from the next one away from 0. */
export function ulp(x: number): number {
  scratch.setFloat32(0, Math.abs(x));
  scratch.setUint32(0, scratch.getUint32(0) + 1);
  return scratch.getFloat32(0) - Math.abs(x);
}

/** How a table compares with torch's, column by column. */
export interface ColumnDifference {
  /** Elements in columns whose frequency has torch's bits, and those of them beyond one ulp. */
  readonly agreeing: { elements: number; differing: number; beyond: number };
  /** Elements in the other columns, and those beyond position · ulp(frequency) + 1 ulp. */
  readonly apart: { columns: number; elements: number; beyond: number };
}

/** Compares an f32 table of a variant with MKL's exp, rows 0, 1, 2, …, with torch's. */
export function compareColumns(
  ours: Uint8Array<ArrayBuffer>,
  golden: StoredTensor,
  dim: number,
  variant: string,
): ColumnDifference {
  const torch = torchFrequencies.get(dim);
  if (!torch) throw new Error(`no frequencies of torch for dim ${dim}`);
  const frequencies = ourFrequencies(dim, variant);
  const half = Math.floor(dim / 2);
  const values = new Float32Array(ours.buffer);
  const agreeing = { elements: 0, differing: 0, beyond: 0 };
  const apart = { columns: 0, elements: 0, beyond: 0 };
  for (let column = 0; column < dim; column++) {
    const pair = column % half;
    const same = column >= 2 * half || frequencies[pair] === torch[pair];
    if (!same) apart.columns++;
    for (let row = 0; row < values.length / dim; row++) {
      const want = golden.bytes.readFloatLE(4 * (row * dim + column));
      const distance = Math.abs(values[row * dim + column]! - want);
      const bound = ulp(want) + (same ? 0 : row * ulp(frequencies[pair]!));
      const count = same ? agreeing : apart;
      count.elements++;
      if (distance > bound) count.beyond++;
      if (same && distance > 0) agreeing.differing++;
    }
  }
  return { agreeing, apart };
}
