/**
 * Error-free transformations of float64 without fused multiply-add (Dekker 1971, Knuth TAOCP 4.2.2): the rounding
 * error of one operation, itself a float64. A double-double is the unevaluated sum of a float64 and such an error.
 *
 * Each function returns one number and takes the rounded result as an argument: no pair is ever allocated, and
 * the engine inlines the calls and shares equal splits. Products are exact while no operand exceeds 2^996 and no
 * partial product falls below 2^−1022.
 */

/** 2^27 + 1 (Dekker): cuts 53 bits into two halves whose products are exact. */
const splitter = 134217729;

/** The upper 26 bits of `a`; the rest, `a − upperHalf(a)`, has 26 bits as well. */
export function upperHalf(a: number): number {
  const t = splitter * a;
  return t - (t - a);
}

/** a + b − sum, exactly, for sum = fl(a + b). */
export function sumError(a: number, b: number, sum: number): number {
  const t = sum - a;
  return a - (sum - t) + (b - t);
}

/** a + b − sum, exactly, for sum = fl(a + b), where |a| ≥ |b| or a = 0. */
export function quickSumError(a: number, b: number, sum: number): number {
  return b - (sum - a);
}

/** a · b − product, exactly, for product = fl(a · b). */
export function productError(a: number, b: number, product: number): number {
  const ah = upperHalf(a);
  const al = a - ah;
  const bh = upperHalf(b);
  const bl = b - bh;
  return ah * bh - product + ah * bl + al * bh + al * bl;
}
