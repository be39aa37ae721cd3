import { bfloat16FromFloat64, bfloat16ToNumber } from '../../tensor/bfloat16.js';
import type { TensorSpec } from '../../tensor/spec.js';
import type { Filler } from '../define.js';
import type { SlopeDistanceRows } from '../rows.js';
import type { LookUpTable } from './look-up.js';

const bf16 = (x: number) => bfloat16ToNumber(bfloat16FromFloat64(x));

/** Integers up to here are exact in float32. */
const maxInteger = 2 ** 24;

/** Below this a GPU may take a float32 for 0. */
const leastNormal = 2 ** -126;

/**
 * Whether float32 products are the reference bytes: the product of two float32 (or of two bfloat16, which is exact)
 * rounded once is what `f32` and `bf16` ask for. A `real` product is one where the slopes are float32, the integers
 * exact and the dtype is f32. Slopes below 0, whose product with 0 would have a sign, and subnormal ones are not.
 */
function isExact({ rounding, slopes, keyLength, queryLength }: SlopeDistanceRows, spec: TensorSpec): boolean {
  if (slopes.some((slope) => slope.compare(leastNormal) < 0)) return false;
  if (rounding !== 'real') return true;
  return (
    spec.dtype === 'f32' &&
    Math.max(keyLength, queryLength) <= maxInteger &&
    slopes.every((slope) => slope.compare(Math.fround(slope.toNumber())) === 0)
  );
}

/** The part of a row of which nothing is to be seen. */
function mask(values: Float64Array, count: number, query: number, column: number): void {
  values.fill(-Infinity, Math.min(count, Math.max(0, query + 1 - column)), count);
}

/** The gpu kernel of bias tables. null where float32 products are not the reference bytes. */
export function slopeDistanceOn(
  lookUp: (table: LookUpTable, spec: TensorSpec) => Filler,
): (rows: SlopeDistanceRows, spec: TensorSpec) => Filler | null {
  return (rows, spec) => {
    const { slopes, queryLength, keyLength, factor, causal, rounding } = rows;
    if (!isExact(rows, spec)) return null;
    const round = rounding === 'bf16' ? bf16 : Math.fround;
    const factors = slopes.map((slope) => round(slope.toNumber()));
    const query = (row: number) => (row % queryLength) + keyLength - queryLength;
    const integer = (index: number) =>
      factor === 'key' ? index : factor === 'key-last' ? index - keyLength + 1 : 0 - Math.abs(index);
    const finish = (values: Float64Array, count: number, row: number, column: number) => {
      if (rounding === 'bf16') for (let i = 0; i < count; i++) values[i] = bf16(values[i]!);
      if (causal) mask(values, count, query(row), column);
    };
    const table: LookUpTable = {
      columns: keyLength,
      offset: (row) => (factor === 'distance' ? -query(row) : 0),
      factor: (row) => factors[Math.floor(row / queryLength)]!,
      entry: (index) => round(integer(index)),
    };
    return lookUp(rounding === 'bf16' || causal ? { ...table, finish } : table, spec);
  };
}
