import type { Filler } from '../../src/kernels/define.js';
import type { Rows } from '../../src/kernels/rows.js';
import { type DType, dtypes } from '../../src/tensor/dtype.js';
import { elementCount, type TensorSpec } from '../../src/tensor/spec.js';
import { type ExactTable, exactTables } from './exact-tables.js';
import { type Params, plan } from './tables.js';

/** One tensor as a kernel is given it. */
export interface KernelCase {
  readonly spec: TensorSpec;
  readonly rows: Rows;
}

/** The tensors of a table. */
export function kernelCases(encoding: string, params: Params): readonly KernelCase[] {
  return plan(encoding, params).table.tensors.map(({ spec, plan }) => ({ spec, rows: plan.rows() }));
}

/** A prepared tensor's elements first … first + count − 1 as bytes. */
export function fill(filler: Filler, dtype: DType, first: number, count: number): Buffer {
  const out = new Uint8Array(new ArrayBuffer(Math.max(8, count * dtypes[dtype].bytes)));
  // What a kernel leaves alone must not look right.
  out.fill(0xa5);
  filler.fill(first, count, out);
  return Buffer.from(out.buffer, 0, count * dtypes[dtype].bytes);
}

/** Elements of two stretches of bytes that differ. */
export function differing(a: Uint8Array, b: Uint8Array, dtype: DType): number {
  const { bytes } = dtypes[dtype];
  if (a.length !== b.length) return Math.max(a.length, b.length) / bytes;
  let count = 0;
  for (let at = 0; at < a.length; at += bytes)
    if (Buffer.compare(a.subarray(at, at + bytes), b.subarray(at, at + bytes)) !== 0) count++;
  return count;
}

/** How a kernel's bytes compare with mpmath's in every table of `exactTables`; a title a table that differs. */
export function compareExactTables(prepare: (rows: Rows, spec: TensorSpec) => Filler): {
  readonly tables: number;
  readonly elements: number;
  readonly wrong: readonly string[];
} {
  let elements = 0;
  const wrong: string[] = [];
  for (const table of exactTables) {
    for (const { spec, rows } of kernelCases(table.encoding, table.params)) {
      const count = elementCount(spec.shape);
      const bytes = fill(prepare(rows, spec), spec.dtype, 0, count);
      const apart = differing(bytes, wanted(table, spec), spec.dtype);
      if (apart > 0) wrong.push(`${apart} of ${count} in ${spec.name} of ${JSON.stringify(table.params)}`);
      elements += count;
    }
  }
  return { tables: exactTables.length, elements, wrong };
}

function wanted({ encoding, tensors }: ExactTable, { name }: TensorSpec): Buffer {
  const hex = tensors[name];
  if (hex === undefined) throw new Error(`no ${name} of ${encoding}`);
  return Buffer.from(hex, 'hex');
}
