import type { BackendChoice } from '../kernels/define.js';
import type { Block } from '../kernels/pool.js';
import type { EngineShare } from '../kernels/wasm/engine.js';

/** What a thread is started with: its share of the WebAssembly engine, where tables are computed by one. */
export interface ThreadData {
  readonly share: EngineShare | null;
}

/** What a thread is told. Tables are opened once a thread, for their parameters may be long. */
export type ToThread =
  | {
      readonly kind: 'open';
      readonly table: number;
      readonly encoding: string;
      /** As in the canonical request. */
      readonly params: Readonly<Record<string, unknown>>;
      readonly backend: BackendChoice | undefined;
    }
  | {
      readonly kind: 'fill';
      readonly job: number;
      readonly table: number;
      readonly tensor: number;
      readonly first: number;
      readonly count: number;
      /** Shared memory, or where it stands in the memory of the thread's engine. */
      readonly block: Block | { readonly address: number; readonly bytes: number };
    }
  | { readonly kind: 'close'; readonly table: number };

/** What a thread answers; `ready` once, before it takes anything. */
export type FromThread =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly job: number }
  | { readonly kind: 'failed'; readonly job: number; readonly message: string };
