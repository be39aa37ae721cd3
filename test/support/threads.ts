import { type MakeBlock, sharedBlock } from '../../src/kernels/pool.js';
import type { TablePlan } from '../../src/table.js';
import { dtypes } from '../../src/tensor/dtype.js';
import { elementCount } from '../../src/tensor/spec.js';
import { type ThreadOptions, ThreadPool } from '../../src/threads/pool.js';
import { tables } from './tables.js';

/** What of a test a pool needs: to be told when it ends. */
interface Owner {
  teardown(fn: () => void | Promise<void>): void;
}

/** A pool of threads that ends with the test. */
export function makePool(t: Owner, size: number, options?: ThreadOptions): ThreadPool {
  const pool = new ThreadPool(size, options);
  // Idle threads let a process end, also while it waits for the end of one.
  const stay = setInterval(() => undefined, 1000);
  t.teardown(async () => {
    await pool.close();
    clearInterval(stay);
  });
  return pool;
}

/** All tensors of a table, each in four jobs that are asked for at once. */
export async function readAll(
  pool: ThreadPool,
  table: TablePlan,
  makeBlock: MakeBlock = sharedBlock,
): Promise<Map<string, Buffer>> {
  const reader = pool.open(table, tables.reader(table));
  try {
    const read = table.tensors.map(async ({ spec }, tensor): Promise<[string, Buffer]> => {
      const total = elementCount(spec.shape);
      const { bytes } = dtypes[spec.dtype];
      const step = Math.ceil(total / 4 / 8) * 8;
      const parts = [0, 1, 2, 3].map(async (part) => {
        const first = Math.min(total, part * step);
        const count = Math.min(total, first + step) - first;
        const block = makeBlock(step * bytes);
        await reader.read(tensor, first, count, block);
        return Buffer.from(block.slice(0, count * bytes));
      });
      return [spec.name, Buffer.concat(await Promise.all(parts))];
    });
    return new Map(await Promise.all(read));
  } finally {
    reader.close();
  }
}
