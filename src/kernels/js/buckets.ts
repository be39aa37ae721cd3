import type { BlockKernel } from '../define.js';
import type { BucketRows } from '../rows.js';

/** Maps of relative positions: two look-up tables, written straight as i32 or as the two words of an i64. */
export const bucketKernel: BlockKernel<BucketRows> = {
  kind: 'bucket',
  prepare({ base, columns, forward, backward }, spec) {
    const words = spec.dtype === 'i64' ? 2 : 1;
    const lastForward = forward.length - 1;
    const lastBackward = backward.length - 1;
    return {
      fill(first, count, out) {
        const target = new Int32Array(out.buffer, out.byteOffset, words * count);
        if (words === 2) target.fill(0);
        const row = Math.floor(first / columns);
        let column = first - row * columns;
        let relative = base + column - row;
        for (let i = 0; i < count; i++) {
          target[words * i] =
            relative >= 0
              ? forward[Math.min(relative, lastForward)]!
              : backward[Math.min(-relative, lastBackward)]!;
          relative++;
          if (++column === columns) {
            column = 0;
            relative -= columns + 1;
          }
        }
      },
    };
  },
};
