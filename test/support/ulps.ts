import type { FloatDType } from '../../src/tensor/dtype.js';

/** How far two arrays of the same dtype lie apart. */
export interface Difference {
  readonly elements: number;
  /** Elements whose bits differ. */
  readonly differing: number;
  /** The largest distance in units in the last place; −0 and 0 are 0 apart, a NaN is Infinity from a number. */
  readonly maxUlp: number;
}

/** The place of a value among all values of its dtype, counted from 0. */
function rank(bits: bigint, width: number): bigint {
  const sign = 1n << BigInt(width - 1);
  const magnitude = bits & (sign - 1n);
  return (bits & sign) === 0n ? magnitude : -magnitude;
}

const widths: Readonly<Record<FloatDType, number>> = { f64: 64, f32: 32, f16: 16, bf16: 16 };
/** Bits of +Infinity: whatever is above is no number. */
const infinities: Readonly<Record<FloatDType, bigint>> = {
  f64: 0x7ff0000000000000n,
  f32: 0x7f800000n,
  f16: 0x7c00n,
  bf16: 0x7f80n,
};

/** Bits of element i of little-endian data. */
function bitsAt(view: DataView, dtype: FloatDType, i: number): bigint {
  if (dtype === 'f64') return view.getBigUint64(8 * i, true);
  return BigInt(dtype === 'f32' ? view.getUint32(4 * i, true) : view.getUint16(2 * i, true));
}

/** The distance of two values of a dtype in units in the last place, from their bits. */
export function ulpDistance(a: bigint, b: bigint, dtype: FloatDType): number {
  if (a === b) return 0;
  const x = rank(a, widths[dtype]);
  const y = rank(b, widths[dtype]);
  const size = (n: bigint) => (n < 0n ? -n : n);
  if (size(x) > infinities[dtype] || size(y) > infinities[dtype]) return Number.POSITIVE_INFINITY;
  return Number(size(x - y));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Compares two arrays of one dtype, element by element. `skip` leaves elements out. */
export function compare(
  a: Uint8Array,
  b: Uint8Array,
  dtype: FloatDType,
  skip: (index: number) => boolean = () => false,
): Difference {
  if (a.byteLength !== b.byteLength) throw new Error(`${a.byteLength} and ${b.byteLength} bytes`);
  const [x, y] = [viewOf(a), viewOf(b)];
  let [elements, differing, maxUlp] = [0, 0, 0];
  for (let i = 0; i < (8 * a.byteLength) / widths[dtype]; i++) {
    if (skip(i)) continue;
    elements++;
    const [p, q] = [bitsAt(x, dtype, i), bitsAt(y, dtype, i)];
    if (p === q) continue;
    differing++;
    maxUlp = Math.max(maxUlp, ulpDistance(p, q, dtype));
  }
  return { elements, differing, maxUlp };
}

/** The sum of several comparisons. */
export function total(parts: readonly Difference[]): Difference {
  return parts.reduce(
    (sum, part) => ({
      elements: sum.elements + part.elements,
      differing: sum.differing + part.differing,
      maxUlp: Math.max(sum.maxUlp, part.maxUlp),
    }),
    { elements: 0, differing: 0, maxUlp: 0 },
  );
}
