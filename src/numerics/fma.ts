/**
 * Fused multiply-add, `a·b + c` rounded once, out of JavaScript's unfused float64 operations.
 * Both round the exact sum to odd first: a value that no wider format would mistake for a tie, so that the
 * last rounding is the only one that counts (Boldo & Melquiond, Emulation of FMA and correctly rounded
 * sums: proved algorithms using rounding to odd, IEEE Trans. Computers 57(4), 2008).
 */
const f64 = new Float64Array(1);
const u32 = new Uint32Array(f64.buffer);
const high = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;
const low = 1 - high;

/** Splits a float64 into two halves of 26 bits (Veltkamp): 2^27 + 1. */
const splitter = 134217729;

/**
 * float32 `a·b + c`, rounded once, ties to even; a, b, c are float32 values. Infinities and NaN as IEEE says.
 * Exact because the product of two float32 has 48 bits, and because 53 ≥ 24 + 2 bits make rounding to odd
 * followed by rounding to float32 (subnormals too) the same as one rounding.
 */
export function fmaFloat32(a: number, b: number, c: number): number {
  return Math.fround(sumToOdd(a * b, c));
}

/**
 * float64 `a·b + c`, rounded once, ties to even.
 * For |a|, |b| ≤ 2^995 and |a·b| ≥ 2^−968 or exactly 0: beyond, the halves of the product over- or underflow.
 */
export function fmaFloat64(a: number, b: number, c: number): number {
  const product = a * b;
  const productError = multiplicationError(a, b, product);
  if (productError === 0) return product + c;
  const lower = productError + c;
  const upper = product + lower;
  // The exact sum is upper + (error of upper) + (error of lower); the last two go in as one odd-rounded value.
  return upper + sumToOdd(sumError(product, lower, upper), sumError(productError, c, lower));
}

/** `a + b` in float64, rounded to odd: truncated, with the last bit set where anything was cut off. */
function sumToOdd(a: number, b: number): number {
  const sum = a + b;
  const error = sumError(a, b, sum);
  // Exact, or not finite (the error is NaN then).
  if (!(error > 0 || error < 0)) return sum;
  f64[0] = sum;
  const word = u32[low] ?? 0;
  if ((word & 1) === 1) return sum;
  // An even last bit means that the sum was rounded; its odd neighbour is on the error's side.
  if (error > 0 === sum > 0) u32[low] = word + 1;
  else {
    u32[low] = word - 1;
    if (word === 0) u32[high] = (u32[high] ?? 0) - 1;
  }
  return f64[0] ?? 0;
}

/** The rounding error of `sum = a + b`, exactly (Knuth's two-sum). */
function sumError(a: number, b: number, sum: number): number {
  const bRounded = sum - a;
  return a - (sum - bRounded) + (b - bRounded);
}

/** The rounding error of `product = a · b`, exactly (Dekker's two-product). */
function multiplicationError(a: number, b: number, product: number): number {
  const a1 = upperHalf(a);
  const a2 = a - a1;
  const b1 = upperHalf(b);
  const b2 = b - b1;
  return a2 * b2 - (product - a1 * b1 - a2 * b1 - a1 * b2);
}

function upperHalf(a: number): number {
  const scaled = splitter * a;
  return scaled - (scaled - a);
}
