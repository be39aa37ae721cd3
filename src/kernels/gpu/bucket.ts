import type { TensorSpec } from '../../tensor/spec.js';
import type { Filler } from '../define.js';
import type { BucketRows } from '../rows.js';
import type { LookUpTable } from './look-up.js';

/** Integers below this are exact in float32. */
const maxBucket = 2 ** 24;

/** The gpu kernel of bucket maps: exact. null for bucket numbers that float32 does not hold. */
export function bucketOn(
  lookUp: (table: LookUpTable, spec: TensorSpec) => Filler,
): (rows: BucketRows, spec: TensorSpec) => Filler | null {
  return ({ base, columns, forward, backward }, spec) => {
    const fits = (bucket: number) => bucket >= 0 && bucket <= maxBucket;
    if (columns === 0 || !forward.every(fits) || !backward.every(fits)) return null;
    const entry = (relative: number) => {
      const map = relative >= 0 ? forward : backward;
      return map[Math.min(Math.abs(relative), map.length - 1)]!;
    };
    return lookUp({ columns, offset: (row) => base - row, factor: () => 1, entry }, spec);
  };
}
