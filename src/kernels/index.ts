import type { TensorSpec } from '../tensor/spec.js';
import type { Filler } from './define.js';
import { prepareJs } from './js/index.js';
import type { Rows } from './rows.js';

/** What the start-up self-test of a backend measured for one kind of table. */
export interface SelfTest {
  readonly table: string;
  readonly elements: number;
  /** Elements whose bytes differ from the reference bytes. */
  readonly differing: number;
  /** Largest difference in units in the last place of the dtype. */
  readonly max_ulp: number;
  readonly gb_per_s: number;
}

/** Someone who can compute tables. */
export interface Backend {
  readonly name: 'js' | 'gpu';
  /** What computes, such as `V8` or `gpu.js webasm`. */
  readonly device: string;
  /** What its output is worth, in a sentence. */
  readonly bound: string;
  /** Whether it gives the reference bytes of this table, by construction and by its self-test. */
  readonly exact: (rows: Rows, spec: TensorSpec) => boolean;
  /** null where it has no kernel for the table. */
  readonly prepare: (rows: Rows, spec: TensorSpec) => Filler | null;
  /** Higher is preferred among exact backends: GB/s measured by the self-test for the kind of rows. */
  readonly speed: (rows: Rows) => number;
}

/** What `GET /v1/backends` says of a backend, there or not. */
export interface BackendReport {
  readonly name: string;
  readonly device: string | null;
  /** `reference` gives the reference bytes, `forced` is used only when asked for, `unavailable` is not there. */
  readonly state: 'reference' | 'forced' | 'unavailable';
  /** Why it is not used by itself; null where it is. */
  readonly reason: string | null;
  readonly bound: string | null;
  readonly self_test: readonly SelfTest[];
}

/** Plain TypeScript: it has every kernel, and its bytes are the reference bytes. */
export const jsBackend: Backend = {
  name: 'js',
  device: 'TypeScript',
  bound: 'the reference bytes',
  exact: () => true,
  prepare: prepareJs,
  speed: () => 1,
};

/** The backends of this process, in order of preference among equals. A SIMD engine takes its place before js. */
export class Kernels {
  constructor(
    readonly backends: readonly Backend[],
    readonly reports: readonly BackendReport[],
  ) {}

  /** The forced gpu backend, if there is one and it has a kernel for the table. */
  gpu(rows: Rows, spec: TensorSpec): { backend: Backend; filler: Filler } | null {
    const backend = this.backends.find(({ name }) => name === 'gpu');
    const filler = backend?.prepare(rows, spec);
    return backend && filler ? { backend, filler } : null;
  }

  /** Why `gpu` cannot compute the tensor `name`, as a sentence. */
  whyNoGpu(name: string): string {
    const there = this.backends.some((backend) => backend.name === 'gpu');
    const report = this.reports.find((candidate) => candidate.name === 'gpu');
    if (there) return `there is no gpu kernel for ${name}`;
    return report?.reason ?? 'gpu.js was not started';
  }

  /** A kernel with the reference bytes: the fastest of the backends that give them, or TypeScript if asked for. */
  reference(rows: Rows, spec: TensorSpec, onlyJs = false): Filler {
    if (onlyJs) return prepareJs(rows, spec);
    const exact = this.backends.filter((backend) => backend.exact(rows, spec));
    exact.sort((a, b) => b.speed(rows) - a.speed(rows));
    for (const backend of exact) {
      const filler = backend.prepare(rows, spec);
      if (filler) return filler;
    }
    return prepareJs(rows, spec);
  }
}
