import { dtypes } from '../../tensor/dtype.js';
import { elementCount } from '../../tensor/spec.js';
import type { BlockKernel } from '../define.js';
import type { ElementRows } from '../rows.js';
import { store } from '../store.js';

/** Values are made in float64 and stored in pieces of this many, so that the scratch stays in cache. */
const piece = 4096;

/** Any table given element by element. */
export const elementsKernel: BlockKernel<ElementRows> = {
  kind: 'elements',
  prepare({ at }, spec) {
    const columns = Math.max(1, spec.shape.at(-1) ?? 1);
    const bytes = dtypes[spec.dtype].bytes;
    const scratch = new Float64Array(Math.min(piece, elementCount(spec.shape)));
    return {
      fill(first, count, out) {
        let row = Math.floor(first / columns);
        let column = first - row * columns;
        for (let done = 0; done < count; ) {
          const n = Math.min(scratch.length, count - done);
          for (let i = 0; i < n; i++) {
            scratch[i] = at(row, column);
            if (++column === columns) {
              column = 0;
              row++;
            }
          }
          store(spec.dtype, scratch, n, out.subarray(done * bytes));
          done += n;
        }
      },
    };
  },
};
