import type { Config } from '../src/config.js';
import type { AnyEncoding } from '../src/encodings/define.js';
import type { Kernels } from '../src/kernels/index.js';
import type { BlockPool } from '../src/kernels/pool.js';
import type { Limits } from '../src/limits.js';
import type { Tables } from '../src/tables.js';

/** What the routes are given: made once in app.ts. */
export interface Context {
  readonly config: Config;
  readonly limits: Limits;
  readonly encodings: readonly AnyEncoding[];
  readonly kernels: Kernels;
  readonly tables: Tables;
  readonly pool: BlockPool;
  readonly metrics: { tensorBytesSent(bytes: number): void; elementsComputed(elements: number): void };
}
