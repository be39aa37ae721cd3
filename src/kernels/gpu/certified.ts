import type { Float32Row } from '../phase/filler.js';

/** Fraction bits of a float32 that a dtype does not hold, and the biased exponent of its least normal number. */
const narrow = {
  bf16: { dropped: 16, leastExponent: 1 },
  f16: { dropped: 13, leastExponent: 113 },
} as const;

export type NarrowDType = keyof typeof narrow;

export function isNarrow(dtype: string): dtype is NarrowDType {
  return dtype in narrow;
}

/**
 * For each biased exponent of a float32 how many of its units it must lie away from a midpoint of the dtype, to
 * round as whatever is within `error` of it: more than there are where that is never so.
 */
function distances(dtype: NarrowDType, error: number): Int32Array {
  const { dropped, leastExponent } = narrow[dtype];
  // Far from the seam to the next exponent too, where the units are others.
  const most = 2 ** (dropped - 2);
  return Int32Array.from({ length: 256 }, (_, exponent) => {
    const distance = error / 2 ** (Math.max(exponent, 1) - 150);
    return exponent < leastExponent || distance >= most ? 2 ** dropped : Math.ceil(distance);
  });
}

/**
 * Rows of float32 values that round to a narrow dtype as the reference does: `fast` ones that lie within `error` of
 * the values of `sure`, and where a midpoint of the dtype is as near, the whole row of `sure`. A row of `sure` costs
 * no more than one element that is looked at by itself, and has the reference bytes by its making.
 */
export function certified(
  fast: Float32Row,
  sure: Float32Row,
  pairs: number,
  dtype: NarrowDType,
  error: number,
): Float32Row {
  const { dropped } = narrow[dtype];
  const mask = 2 ** dropped - 1;
  const midpoint = 2 ** (dropped - 1);
  const least = distances(dtype, error);
  const values = new Float32Array(2 * pairs);
  const bits = new Int32Array(values.buffer);
  const fastCos = values.subarray(0, pairs);
  const fastSin = values.subarray(pairs);
  const isCertain = () => {
    for (let i = 0; i < bits.length; i++) {
      const word = bits[i]!;
      if (Math.abs((word & mask) - midpoint) <= least[(word >>> 23) & 0xff]!) return false;
    }
    return true;
  };
  return {
    row(position, cos, sin) {
      fast.row(position, fastCos, fastSin);
      if (isCertain()) {
        cos.set(fastCos);
        sin.set(fastSin);
      } else sure.row(position, cos, sin);
    },
  };
}
