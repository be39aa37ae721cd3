import { powerOfTwoNumber } from '../numerics/bits.js';

/**
 * bfloat16: the upper half of a float32, 1 sign, 8 exponent and 7 fraction bits; 2^−133 is the least subnormal.
 * All conversions round to nearest, ties to even. A NaN becomes the one pattern 0x7fc0, so that equal values
 * have equal bytes. Words are read in little-endian order, the order of every binary format here.
 */
const f64 = new Float64Array(1);
const words = new Uint32Array(f64.buffer);
const f32 = new Float32Array(1);
const f32Bits = new Uint32Array(f32.buffer);

const canonicalNaN = 0x7fc0;
/** Adding 2^−81 to |x| < 2^−81 leaves a multiple of 2^(−81 − 52) = 2^−133, half to even: the subnormal grid. */
const subnormalGrid = powerOfTwoNumber(-81);
const leastNormal = powerOfTwoNumber(-126);
const subnormalsPerOne = powerOfTwoNumber(133);

/** Bits of the bfloat16 nearest to a float64: one rounding, half to even; ±Infinity from 2^128 − 2^119 on. */
export function bfloat16FromFloat64(x: number): number {
  f64[0] = x;
  const high = words[1]!;
  const magnitude = high & 0x7fffffff;
  if (magnitude > 0x7ff00000 || (magnitude === 0x7ff00000 && words[0] !== 0)) return canonicalNaN;
  const sign = (high >>> 16) & 0x8000;
  // 0x47f00000 is the upper word of 2^128.
  if (magnitude >= 0x47f00000) return sign | 0x7f80;
  const size = Math.abs(x);
  if (size < leastNormal) return sign | ((size + subnormalGrid - subnormalGrid) * subnormalsPerOne);
  // The upper word has 20 fraction bits: 7 stay, 13 and the lower word decide. A carry reaches the exponent.
  const kept = (magnitude >>> 13) - ((1023 - 127) << 7);
  const rest = magnitude & 0x1fff;
  const up = rest > 0x1000 || (rest === 0x1000 && (words[0] !== 0 || (kept & 1) === 1));
  return sign | (up ? kept + 1 : kept);
}

/** Bits of the bfloat16 nearest to a float32 (a float64 argument is rounded to float32 first, as torch does). */
export function bfloat16FromFloat32(x: number): number {
  f32[0] = x;
  return roundWord(f32Bits[0]!);
}

/** Rounds a float32's word to its upper half: add just under half of the last kept bit, one more where it is odd. */
function roundWord(word: number): number {
  if ((word & 0x7fffffff) > 0x7f800000) return canonicalNaN;
  return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
}

/** Rounds `source[0 … count − 1]` to bfloat16 and stores the bits at `target[offset …]`. */
export function writeBfloat16(
  source: Float32Array,
  count: number,
  target: Uint16Array,
  offset: number,
): void {
  const bits = new Uint32Array(source.buffer, source.byteOffset, count);
  for (let i = 0; i < count; i++) target[offset + i] = roundWord(bits[i]!);
}

/** The value of bfloat16 bits (0 … 65535), exactly. */
export function bfloat16ToNumber(bits: number): number {
  f32Bits[0] = bits << 16;
  return f32[0]!;
}
