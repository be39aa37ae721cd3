import { bitLength, floorDivide, shifted } from './bits.js';
import { ln2Fixed, piFixed } from './constants.js';

/**
 * exp, ln, sin and cos of fixed-point integers: `x` stands for x / 2^bits.
 * Every truncation errs by at most one unit 2^−bits; the sums below have fewer than 2^7 of them.
 */

/** Fraction bits of the internal results: 128 more than a {@link Real} keeps. */
export const workingBits = 448;

const expHalvings = 10;

/**
 * e^(x / 2^workingBits) as `mantissa · 2^exponent`, relative error below 2^−workingBits · 2^(18 + log₂(1+|k|)),
 * k the binary exponent of the result: x = k ln 2 + r, the Taylor series of r/2^10, ten squarings.
 */
export function expFixed(x: bigint): { readonly mantissa: bigint; readonly exponent: number } {
  const bits = BigInt(workingBits);
  const ln2 = ln2Fixed(workingBits);
  const k = floorDivide(x + (ln2 >> 1n), ln2);
  const r = (x - k * ln2) >> BigInt(expHalvings);
  const one = 1n << bits;
  let sum = one + r;
  let term = r;
  for (let n = 2n; term !== 0n && term !== -1n; n += 1n) {
    term = ((term * r) >> bits) / n;
    sum += term;
  }
  for (let i = 0; i < expHalvings; i++) sum = (sum * sum) >> bits;
  return { mantissa: sum, exponent: Number(k) - workingBits };
}

/** ln(j/128), j = 90 … 179, at workingBits: the centres of the reduction in {@link lnFixed}. */
const lnCentres = new Map<number, bigint>();

function lnCentre(j: number): bigint {
  let value = lnCentres.get(j);
  if (value === undefined) {
    const bits = workingBits + 16;
    const p = BigInt(j - 128);
    const q = BigInt(j + 128);
    value = artanh(p, q, bits) >> 15n;
    lnCentres.set(j, value);
  }
  return value;
}

/** artanh(p/q) · 2^bits. */
function artanh(p: bigint, q: bigint, bits: number): bigint {
  const shift = BigInt(bits);
  const z = (p << shift) / q;
  const square = (z * z) >> shift;
  let power = z;
  let sum = z;
  for (let k = 3n; power !== 0n && power !== -1n; k += 2n) {
    power = (power * square) >> shift;
    sum += power / k;
  }
  return sum;
}

/**
 * ln(m · 2^e), m > 0, as `value / 2^bits`, relative error below 2^−430 (near 1, `bits` grows by the leading
 * zeros of the result). With t = m · 2^−k in [0.7, 1.4) and c the nearest multiple of 1/128:
 * ln t = ln c + 2 artanh((t − c)/(t + c)).
 */
export function lnFixed(m: bigint, e: number): { readonly value: bigint; readonly bits: number } {
  const length = bitLength(m);
  const top8 = Number(length >= 16 ? m >> BigInt(length - 16) : m << BigInt(16 - length)) / 65536;
  const scale = top8 < 0.7 ? length - 1 : length;
  const k = e + scale;
  const j = Math.floor((scale === length ? top8 : 2 * top8) * 128 + 0.5);
  const t = m << 7n;
  const c = BigInt(j) << BigInt(scale);
  const difference = t - c;
  const sum = t + c;
  if (k === 0 && j === 128) {
    const magnitude = difference < 0n ? -difference : difference;
    const bits = workingBits + bitLength(sum) - bitLength(magnitude);
    return { value: 2n * artanh(difference, sum, bits), bits };
  }
  const value = BigInt(k) * ln2Fixed(workingBits) + lnCentre(j) + 2n * artanh(difference, sum, workingBits);
  return { value, bits: workingBits };
}

/** Bits that a sine or cosine keeps after cancellation. */
const usefulBits = 368;

/**
 * sin(m · 2^e + quarters · π/2) as `value / 2^bits`, relative error below 2^−350. The angle is exact however large;
 * the bits of π follow from its magnitude and from the cancellation met.
 */
export function sinFixed(
  m: bigint,
  e: number,
  quarters: 0 | 1,
): { readonly value: bigint; readonly bits: number } {
  const top = bitLength(m < 0n ? -m : m) + e;
  for (let bits = workingBits + Math.max(0, -top); ; bits *= 2) {
    const fineBits = bits + Math.max(0, top) + 8;
    // π at fineBits is π/2 at fineBits + 1, where x is exact but for what lies below 2^−bits.
    const halfPi = piFixed(fineBits);
    const x = shifted(m, fineBits + 1 + e);
    const quarter = floorDivide(x + (halfPi >> 1n), halfPi);
    const rest = (x - quarter * halfPi) >> BigInt(fineBits + 1 - bits);
    const turn = Number(BigInt.asUintN(2, quarter)) + quarters;
    const isCosine = turn % 2 === 1;
    // A sine needs leading bits of its own: where the angle all but cancelled, take more of π.
    if (!isCosine && bitLength(rest < 0n ? -rest : rest) < usefulBits) continue;
    const value = isCosine
      ? alternating(1n << BigInt(bits), 1n, rest, bits)
      : alternating(rest, 2n, rest, bits);
    return { value: turn % 4 >= 2 ? -value : value, bits };
  }
}

/** The Taylor series first · (1 − x²/(n(n+1)) + x⁴/(n(n+1)(n+2)(n+3)) − …). */
function alternating(first: bigint, n: bigint, x: bigint, bits: number): bigint {
  const shift = BigInt(bits);
  const square = (x * x) >> shift;
  let term = first;
  let sum = first;
  for (let i = n; term !== 0n; i += 2n) {
    // The quotient truncates towards zero, so the loop ends for either sign.
    term = -(((term * square) >> shift) / (i * (i + 1n)));
    sum += term;
  }
  return sum;
}
