import { productError, quickSumError, sumError } from './double-double.js';

/**
 * The product of two rotations in double-double: cos and sin of the sum of two angles.
 *
 * A rotation is four numbers, cos high, cos low, sin high, sin low, at an index of an array; `out` may overlap
 * `a` and `b`. Each result errs by less than 2^−101 of the sum of the magnitudes of its two products, so by less
 * than 2^−101 for rotations: per product 2^−103 (four roundings of low parts and the neglected low · low), then
 * 2^−102.5 in all from the three roundings of the sum.
 */
export function rotate(
  a: Float64Array,
  ai: number,
  b: Float64Array,
  bi: number,
  out: Float64Array,
  oi: number,
): void {
  const ac = a[ai]!;
  const acLow = a[ai + 1]!;
  const as = a[ai + 2]!;
  const asLow = a[ai + 3]!;
  const bc = b[bi]!;
  const bcLow = b[bi + 1]!;
  const bs = b[bi + 2]!;
  const bsLow = b[bi + 3]!;

  const cc = ac * bc;
  const ss = as * bs;
  const ccLow = productError(ac, bc, cc) + (ac * bcLow + acLow * bc);
  const ssLow = productError(as, bs, ss) + (as * bsLow + asLow * bs);
  const cos = cc - ss;
  const cosLow = sumError(cc, -ss, cos) + (ccLow - ssLow);
  const cosHigh = cos + cosLow;
  out[oi] = cosHigh;
  out[oi + 1] = quickSumError(cos, cosLow, cosHigh);

  const sc = as * bc;
  const cs = ac * bs;
  const scLow = productError(as, bc, sc) + (as * bcLow + asLow * bc);
  const csLow = productError(ac, bs, cs) + (ac * bsLow + acLow * bs);
  const sin = sc + cs;
  const sinLow = sumError(sc, cs, sin) + (scLow + csLow);
  const sinHigh = sin + sinLow;
  out[oi + 2] = sinHigh;
  out[oi + 3] = quickSumError(sin, sinLow, sinHigh);
}
