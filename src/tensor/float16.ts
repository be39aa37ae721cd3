import { powerOfTwoNumber } from '../numerics/bits.js';

/**
 * IEEE 754 binary16: 1 sign, 5 exponent and 10 fraction bits; 2^−24 is the least subnormal, 65504 the largest
 * finite value. All conversions round to nearest, ties to even. A NaN becomes the one pattern 0x7e00, so that
 * equal values have equal bytes. Words are read in little-endian order, the order of every binary format here.
 */
const f64 = new Float64Array(1);
const words = new Uint32Array(f64.buffer);

const canonicalNaN = 0x7e00;
/** Adding 2^28 to |x| < 2^28 leaves a multiple of 2^(28 − 52) = 2^−24, half to even: the subnormal grid. */
const subnormalGrid = powerOfTwoNumber(28);
const leastNormal = powerOfTwoNumber(-14);
const subnormalsPerOne = powerOfTwoNumber(24);

/** Rounds the magnitude of a value below 2^−14 onto the subnormal grid; 2^−14 itself comes out as 0x0400. */
function subnormalBits(magnitude: number): number {
  return (magnitude + subnormalGrid - subnormalGrid) * subnormalsPerOne;
}

/** Bits of the float16 nearest to a float64: one rounding, half to even; ±Infinity from 65520 on. */
export function float16FromFloat64(x: number): number {
  f64[0] = x;
  const high = words[1]!;
  const magnitude = high & 0x7fffffff;
  if (magnitude > 0x7ff00000 || (magnitude === 0x7ff00000 && words[0] !== 0)) return canonicalNaN;
  const sign = (high >>> 16) & 0x8000;
  // 0x40f00000 is the upper word of 65536.
  if (magnitude >= 0x40f00000) return sign | 0x7c00;
  const size = Math.abs(x);
  if (size < leastNormal) return sign | subnormalBits(size);
  // The upper word has 20 fraction bits: 10 stay, 10 and the lower word decide. A carry reaches the exponent.
  const kept = (magnitude >>> 10) - ((1023 - 15) << 10);
  const rest = magnitude & 0x3ff;
  const up = rest > 0x200 || (rest === 0x200 && (words[0] !== 0 || (kept & 1) === 1));
  return sign | (up ? kept + 1 : kept);
}

/** Bits of the float16 nearest to a float32 (a float64 argument is rounded to float32 first, as torch does). */
export function float16FromFloat32(x: number): number {
  return float16FromFloat64(Math.fround(x));
}

/**
 * Rounds `source[0 … count − 1]` to float16 and stores the bits at `target[offset …]`.
 * Bit for bit what {@link float16FromFloat32} gives, without a call for each element.
 */
export function writeFloat16(source: Float32Array, count: number, target: Uint16Array, offset: number): void {
  const bits = new Uint32Array(source.buffer, source.byteOffset, count);
  for (let i = 0; i < count; i++) {
    const word = bits[i]!;
    const magnitude = word & 0x7fffffff;
    const sign = (word >>> 16) & 0x8000;
    if (magnitude >= 0x38800000 && magnitude < 0x47800000) {
      // 2^−14 ≤ |x| < 65536: add just under half of the last kept bit, one more where that bit is odd.
      target[offset + i] = sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
    } else if (magnitude < 0x38800000) {
      target[offset + i] = sign | subnormalBits(Math.abs(source[i]!));
    } else {
      target[offset + i] = magnitude > 0x7f800000 ? canonicalNaN : sign | 0x7c00;
    }
  }
}

/** 2^(e − 25) for each biased exponent e: the weight of the last fraction bit. */
const weights = Float64Array.from({ length: 32 }, (_, e) => powerOfTwoNumber(Math.max(e, 1) - 25));

/** The value of float16 bits (0 … 65535), exactly. */
export function float16ToNumber(bits: number): number {
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  let size: number;
  if (exponent === 0x1f) size = fraction === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
  else size = (exponent === 0 ? fraction : fraction + 0x400) * weights[exponent]!;
  return (bits & 0x8000) === 0 ? size : -size;
}
