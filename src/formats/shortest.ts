import { decompose, powerOfTwoNumber } from '../numerics/bits.js';
import { bfloat16ToNumber } from '../tensor/bfloat16.js';
import { float16ToNumber } from '../tensor/float16.js';
import { writeDecimal, writeInteger, writeText } from './decimal.js';

/*
 * The shortest decimal that reads back to a value of a float32, float16 or bfloat16, in the notation of
 * ECMAScript's Number::toString (which is also JSON's): 0.5, 123, 1e-7, 1.5e+21. Of several equally short ones
 * the nearest to the value is printed. A negative zero is `-0.0`. Values are finite: the caller spells the rest.
 *
 * float32 takes a fast way in float64 that is left wherever its error bound cannot decide; the slow way is
 * exact integer arithmetic. The small types are printed the slow way once for each bit pattern and remembered.
 */

/** Most bytes of one number of any dtype: a float64 such as -0.0000012345678901234567. */
export const maxNumberBytes = 25;

interface FloatType {
  /** Precision in bits. */
  readonly bits: number;
  /** Exponent of the least subnormal. */
  readonly leastExponent: number;
}
const float32: FloatType = { bits: 24, leastExponent: -149 };
const float16: FloatType = { bits: 11, leastExponent: -24 };
const bfloat16: FloatType = { bits: 8, leastExponent: -133 };

/** A value of the type as `mantissa · 2^exponent` with the type's own mantissa: 1 is an ulp. */
function ownMantissa(value: number, { bits, leastExponent }: FloatType) {
  let { mantissa, exponent } = decompose(value);
  while (mantissa >= 1n << BigInt(bits) || exponent < leastExponent) {
    mantissa /= 2n;
    exponent += 1;
  }
  while (mantissa < 1n << BigInt(bits - 1) && exponent > leastExponent) {
    mantissa *= 2n;
    exponent -= 1;
  }
  return { mantissa, exponent };
}

/** The shortest decimal `digits · 10^exponent` that rounds to `value` > 0, by exact integer arithmetic. */
function shortestExact(value: number, type: FloatType) {
  const { mantissa, exponent } = ownMantissa(value, type);
  // Half the gap to each neighbour in quarters of an ulp; both ends belong to an even mantissa.
  const atPowerOfTwo = mantissa === 1n << BigInt(type.bits - 1) && exponent > type.leastExponent;
  const roomBelow = atPowerOfTwo ? 1n : 2n;
  const roomAbove = 2n;
  const closed = mantissa % 2n === 0n ? 1n : 0n;
  // 30 digits are more than enough to see which power of ten a value with 24 bits has reached.
  const leading = Number(value.toExponential(30).split('e')[1]);
  for (let power = leading; ; power--) {
    // value / 10^power = 4 · mantissa · quarter / unit, in integers.
    const quarter = 1n << BigInt(Math.max(0, exponent - 2));
    const scale = quarter * 10n ** BigInt(Math.max(0, -power));
    const unit = (1n << BigInt(Math.max(0, 2 - exponent))) * 10n ** BigInt(Math.max(0, power));
    const target = 4n * mantissa * scale;
    const floor = target / unit;
    const under = target - floor * unit;
    const over = unit - under;
    const lowerFits = floor > 0n && under < roomBelow * scale + closed;
    const upperFits = over < roomAbove * scale + closed;
    if (!lowerFits && !upperFits) continue;
    const up = upperFits && (!lowerFits || over <= under);
    return { digits: Number(floor) + (up ? 1 : 0), exponent: power };
  }
}

/** Text of a finite value by exact arithmetic. */
function printExact(value: number, type: FloatType): string {
  if (value === 0) return printFloat64(value);
  const { digits, exponent } = shortestExact(Math.abs(value), type);
  const bytes = Buffer.alloc(maxNumberBytes);
  const end = writeDecimal(value < 0, digits, exponent, bytes, 0);
  return bytes.toString('latin1', 0, end);
}

/** Powers of ten, each the nearest float64 (exact up to 10^22). */
const tens = Float64Array.from({ length: 46 }, (_, n) => Number(`1e${n}`));

/**
 * For each biased exponent of a float32 the power of ten that scales its values to [10^7, 2 · 10^8), and half a
 * gap on that scale. Subnormals (exponent 0) have no entry: their gap does not follow their size.
 */
const scalePower = new Int8Array(256);
const scaledHalfGap = new Float64Array(256);
for (let biased = 1; biased < 255; biased++) {
  const exponent = biased - 127;
  // floor(log10(2^e)); 1233/4096 is log10(2) closely enough for |e| ≤ 127.
  const power = 7 - Math.floor((exponent * 1233) / 4096);
  const halfGap = powerOfTwoNumber(exponent - 24);
  scalePower[biased] = power;
  scaledHalfGap[biased] = power >= 0 ? halfGap * tens[power]! : halfGap / tens[-power]!;
}

/** Two roundings at most (power of ten, product) put the scaled value, below 10^8, off by less than 2.5 · 10^−8. */
const doubt = 1e-6;
/** 24 bits of a float32 and 5^12 (28 bits) fit a float64: up to 10^12 the scaling is exact, and so are its ties. */
const exactPower = 12;

const word = new Float32Array(1);
const wordBits = new Uint32Array(word.buffer);
const powersOfTwo: (string | undefined)[] = new Array(512);

/** The slow way; powers of two, which always take it, are remembered. */
function writeFloat32Exact(value: number, out: Uint8Array, at: number): number {
  word[0] = value;
  const bits = wordBits[0]!;
  if ((bits & 0x7fffff) !== 0) return writeText(printExact(value, float32), out, at);
  const text = powersOfTwo[bits >>> 23] ?? printExact(value, float32);
  powersOfTwo[bits >>> 23] = text;
  return writeText(text, out, at);
}

/**
 * Writes the shortest decimal of a finite float32 to `out` from `at` (at most {@link maxNumberBytes}) and returns
 * where it ends. `value` must be a float32.
 *
 * The value is scaled to eight digits before the point. The interval that rounds to it is then 0.6 to 12 wide,
 * so a decimal of 6 digits is unique if it fits, one of 7 or 8 may fit, and one of 9 always does.
 */
export function writeFloat32(value: number, out: Uint8Array, at: number): number {
  const size = Math.abs(value);
  // Integers below 2^24 have all their digits to themselves.
  if (size < 0x1000000 && size === Math.floor(size)) {
    if (value === 0) return writeText(printFloat64(value), out, at);
    return writeInteger(value, out, at);
  }
  word[0] = size;
  const bits = wordBits[0]!;
  let power = scalePower[bits >>> 23]!;
  if (bits < 0x800000 || (bits & 0x7fffff) === 0) return writeFloat32Exact(value, out, at);
  let halfGap = scaledHalfGap[bits >>> 23]!;
  let x = power >= 0 ? size * tens[power]! : size / tens[-power]!;
  if (x >= 1e8) {
    power -= 1;
    halfGap /= 10;
    x = power >= 0 ? size * tens[power]! : size / tens[-power]!;
  }
  const sure = halfGap - doubt;
  const possible = halfGap + doubt;
  const tieDoubt = power >= 0 && power <= exactPower ? 0 : doubt;

  let digits = Math.floor(x / 100 + 0.5);
  let gap = Math.abs(digits * 100 - x);
  if (gap < sure) return writeDecimal(value < 0, digits, 2 - power, out, at);
  if (gap <= possible) return writeFloat32Exact(value, out, at);

  digits = Math.floor(x / 10 + 0.5);
  gap = Math.abs(digits * 10 - x);
  if (gap < sure && gap <= 5 - tieDoubt) return writeDecimal(value < 0, digits, 1 - power, out, at);
  if (gap <= possible) return writeFloat32Exact(value, out, at);

  digits = Math.floor(x + 0.5);
  gap = Math.abs(digits - x);
  if (gap < sure && gap <= 0.5 - tieDoubt) return writeDecimal(value < 0, digits, -power, out, at);
  if (gap <= possible) return writeFloat32Exact(value, out, at);

  digits = Math.floor(x * 10 + 0.5);
  // Nine digits are closer together than the gap: only a tie between two of them is in doubt.
  if (Math.abs(digits - x * 10) > 0.5 - 10 * doubt) return writeFloat32Exact(value, out, at);
  return writeDecimal(value < 0, digits, -1 - power, out, at);
}

/** The shortest decimal of a finite float32. */
export function printFloat32(value: number): string {
  const bytes = Buffer.alloc(maxNumberBytes);
  return bytes.toString('latin1', 0, writeFloat32(value, bytes, 0));
}

/** The shortest decimal of a finite float64: String(x), but for negative zero. */
export function printFloat64(value: number): string {
  return Object.is(value, -0) ? '-0.0' : String(value);
}

const float16Texts: (string | undefined)[] = [];
const bfloat16Texts: (string | undefined)[] = [];

/** The shortest decimal of a finite float16, given as bits. */
export function printFloat16(bits: number): string {
  const known = float16Texts[bits];
  if (known !== undefined) return known;
  const text = printExact(float16ToNumber(bits), float16);
  float16Texts[bits] = text;
  return text;
}

/** The shortest decimal of a finite bfloat16, given as bits. */
export function printBfloat16(bits: number): string {
  const known = bfloat16Texts[bits];
  if (known !== undefined) return known;
  const text = printExact(bfloat16ToNumber(bits), bfloat16);
  bfloat16Texts[bits] = text;
  return text;
}
