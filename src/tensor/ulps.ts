import { dtypes, type FloatDType } from './dtype.js';

/** The place of a value among all values of its dtype, counted from 0. */
function rank(bits: bigint, width: number): bigint {
  const sign = 1n << BigInt(width - 1);
  const magnitude = bits & (sign - 1n);
  return (bits & sign) === 0n ? magnitude : -magnitude;
}

/** Bits of +Infinity: whatever is above is no number. */
const infinities: Readonly<Record<FloatDType, bigint>> = {
  f64: 0x7ff0000000000000n,
  f32: 0x7f800000n,
  f16: 0x7c00n,
  bf16: 0x7f80n,
};

/** Bits of element i of little-endian data. */
export function bitsAt(view: DataView, dtype: FloatDType, i: number): bigint {
  if (dtype === 'f64') return view.getBigUint64(8 * i, true);
  return BigInt(dtype === 'f32' ? view.getUint32(4 * i, true) : view.getUint16(2 * i, true));
}

/**
 * The distance of two values of a dtype in units in the last place, from their bits: how many values lie between
 * them, and one. −0 and 0 are 0 apart, a NaN is Infinity from a number.
 */
export function ulpDistance(a: bigint, b: bigint, dtype: FloatDType): number {
  if (a === b) return 0;
  const width = 8 * dtypes[dtype].bytes;
  const x = rank(a, width);
  const y = rank(b, width);
  const size = (n: bigint) => (n < 0n ? -n : n);
  if (size(x) > infinities[dtype] || size(y) > infinities[dtype]) return Number.POSITIVE_INFINITY;
  return Number(size(x - y));
}
