import { z } from 'zod';
import { goldenFile } from './golden.js';

const file = z.object({
  cases: z.array(
    z.object({
      encoding: z.string(),
      params: z.record(z.string(), z.unknown()),
      tensors: z.record(z.string(), z.string()),
    }),
  ),
});

/** A table whose bytes mpmath computed; `tensors` has the hexadecimal digits of each. */
export type ExactTable = z.infer<typeof file>['cases'][number];

/** Windows, positions and factors chosen for how hard they are to round; test/golden/exact_tables.py made them. */
export const exactTables: readonly ExactTable[] = file.parse(
  JSON.parse(goldenFile('exact_tables.json').toString()),
).cases;
