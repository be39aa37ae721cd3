import type { Real } from '../../numerics/real.js';
import { bfloat16FromFloat64, bfloat16ToNumber } from '../../tensor/bfloat16.js';
import { dtypes, type FloatDType } from '../../tensor/dtype.js';
import { float16FromFloat64, float16ToNumber } from '../../tensor/float16.js';
import type { BlockKernel } from '../define.js';
import type { SlopeDistanceRows } from '../rows.js';
import { store } from '../store.js';

/** Values are made in float64 and stored in pieces of this many, so that the scratch stays in cache. */
const piece = 4096;
/** Relative bound of float64(slope) · integer: two roundings of 2^−53 each, and that of adding the bound itself. */
const productBound = 3.4e-16;

export const bf16 = (x: number): number => bfloat16ToNumber(bfloat16FromFloat64(x));

export type Product = (factor: number) => number;

/** slope · factor, correctly rounded to the dtype: at once where the bound allows, else in exact arithmetic. */
export function realProduct(slope: Real, dtype: FloatDType): Product {
  const near = slope.toNumber();
  const exact = slope.compare(near) === 0;
  // A slope of few bits times an integer is exact in float64: then nothing is in doubt.
  const short = exact && Math.fround(near) === near;
  const slow: Product = (factor) => slope.mul(factor).round(dtype);
  if (dtype === 'f64')
    return (factor) => (short && Math.abs(factor) < 2 ** 29 ? near * factor : slow(factor));
  const round =
    dtype === 'f32'
      ? Math.fround
      : dtype === 'f16'
        ? (x: number) => float16ToNumber(float16FromFloat64(x))
        : bf16;
  return (factor) => {
    const y = near * factor;
    if (short && Math.abs(factor) < 2 ** 29) return round(y);
    const bound = Math.abs(y) * productBound;
    const up = round(y + bound);
    return up === round(y - bound) ? up : slow(factor);
  };
}

function product(rows: SlopeDistanceRows, slope: Real, dtype: FloatDType): Product {
  if (rows.rounding === 'real') return realProduct(slope, dtype);
  if (rows.rounding === 'f32') {
    const narrow = Math.fround(slope.toNumber());
    return (factor) => Math.fround(narrow * Math.fround(factor));
  }
  const narrow = bf16(slope.toNumber());
  return (factor) => bf16(narrow * bf16(factor));
}

/** Bias tables: one product an element, in plain TypeScript. */
export const slopeDistanceKernel: BlockKernel<SlopeDistanceRows> = {
  kind: 'slope-distance',
  prepare(rows, spec) {
    const { queryLength, keyLength, factor, causal, slopes } = rows;
    const dtype = spec.dtype as FloatDType;
    const bytes = dtypes[dtype].bytes;
    const products = slopes.map((slope) => product(rows, slope, dtype));
    const scratch = new Float64Array(piece);
    return {
      fill(first, count, out) {
        let row = Math.floor(first / keyLength);
        let key = first - row * keyLength;
        for (let done = 0; done < count; ) {
          // One stretch lies within one row, so head and query are fixed.
          const n = Math.min(piece, count - done, keyLength - key);
          const head = Math.floor(row / queryLength);
          const query = row - head * queryLength + keyLength - queryLength;
          const multiply = products[head]!;
          for (let i = 0; i < n; i++, key++) {
            const k =
              factor === 'key' ? key : factor === 'key-last' ? key - keyLength + 1 : -Math.abs(query - key);
            scratch[i] = causal && key > query ? -Infinity : k === 0 ? 0 : multiply(k);
          }
          store(dtype, scratch, n, out.subarray(done * bytes));
          done += n;
          if (key === keyLength) {
            key = 0;
            row++;
          }
        }
      },
    };
  },
};
