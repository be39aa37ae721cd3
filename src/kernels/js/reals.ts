import type { FloatDType } from '../../tensor/dtype.js';
import type { BlockKernel } from '../define.js';
import type { RealRows } from '../rows.js';
import { store } from '../store.js';

/** Short lists of real numbers: each is rounded once, correctly, to the dtype; then storing it is exact. */
export const realsKernel: BlockKernel<RealRows> = {
  kind: 'reals',
  prepare({ values }, spec) {
    const dtype = spec.dtype as FloatDType;
    const rounded = Float64Array.from(values, (value) =>
      typeof value === 'number' ? value : value.round(dtype),
    );
    return {
      fill(first, count, out) {
        store(dtype, rounded.subarray(first, first + count), count, out);
      },
    };
  },
};
