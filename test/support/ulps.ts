import { dtypes, type FloatDType } from '../../src/tensor/dtype.js';
import { bitsAt, ulpDistance } from '../../src/tensor/ulps.js';

/** How far two arrays of the same dtype lie apart. */
export interface Difference {
  readonly elements: number;
  /** Elements whose bits differ. */
  readonly differing: number;
  /** The largest distance in units in the last place; −0 and 0 are 0 apart, a NaN is Infinity from a number. */
  readonly maxUlp: number;
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
  for (let i = 0; i < a.byteLength / dtypes[dtype].bytes; i++) {
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
