import type { Config } from './config.js';
import type { AnyEncoding } from './encodings/define.js';
import type { Admission } from './http/admission.js';
import type { Exchanges } from './http/exchanges.js';
import type { Lifecycle } from './http/lifecycle.js';
import type { Metrics } from './http/metrics.js';
import type { Kernels } from './kernels/index.js';
import type { BlockPool } from './kernels/pool.js';
import type { Limits } from './limits.js';
import type { Tables } from './tables.js';
import type { ThreadPool } from './threads/pool.js';

/** What routes are given: everything they need and did not make themselves. */
export interface AppContext {
  readonly config: Config;
  readonly limits: Limits;
  readonly metrics: Metrics;
  readonly lifecycle: Lifecycle;
  readonly exchanges: Exchanges;
  readonly encodings: readonly AnyEncoding[];
  readonly kernels: Kernels;
  readonly tables: Tables;
  readonly pool: BlockPool;
  readonly admission: Admission;
  /** Compute large tables; null where the event loop does. */
  readonly threads: ThreadPool | null;
  readonly version: string;
  /** Kernel revision. */
  readonly revision: string;
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The parts of the service that outlive a request. */
    readonly context: AppContext;
  }
}
