import { loadConfig } from '../src/config.js';
import { encodings } from '../src/encodings/index.js';
import { cutEvery } from '../src/formats/chunks.js';
import type { Filler } from '../src/kernels/define.js';
import type { Rows } from '../src/kernels/rows.js';
import { makeLimits } from '../src/limits.js';
import { decodeQuery } from '../src/params.js';
import { planTable, type TablePlan, tableParameters } from '../src/table.js';
import { dtypes } from '../src/tensor/dtype.js';
import { elementCount, type TensorSpec } from '../src/tensor/spec.js';

const limits = makeLimits(loadConfig({}, []).config);

/** The size of a block in the service. */
export const blockBytes = limits.block_bytes;
const block = new Uint8Array(new ArrayBuffer(blockBytes));

/** A tensor as the kernels are given it. */
export interface Recipe {
  readonly rows: Rows;
  readonly spec: TensorSpec;
}

/** The plan of a table, such as `rope`, `head_dim=128&length=16`; `supplied` holds its arrays. */
export function plan(id: string, query: string, supplied: Record<string, unknown> = {}): TablePlan {
  const encoding = encodings.find((candidate) => candidate.id === id);
  if (!encoding) throw new Error(`there is no encoding ${id}`);
  const { values, errors } = decodeQuery(tableParameters(encoding), query);
  return planTable(encoding, { values: { ...values, ...supplied }, errors }, limits);
}

/** The recipe of each tensor of a table. */
export function recipes(...table: Parameters<typeof plan>): readonly Recipe[] {
  return plan(...table).tensors.map((tensor) => ({ rows: tensor.plan.rows(), spec: tensor.spec }));
}

/** Computes elements 0 … count − 1 as the service does, block after block into the same memory. */
export function compute(filler: Filler, spec: TensorSpec, count = elementCount(spec.shape)): void {
  const step = cutEvery(spec, Math.floor(block.length / dtypes[spec.dtype].bytes));
  for (let first = 0; first < count; first += step) filler.fill(first, Math.min(step, count - first), block);
}
