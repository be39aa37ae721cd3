import type { DType } from '../tensor/dtype.js';
import type { TensorSpec } from '../tensor/spec.js';
import { type Backend, type BackendChoice, type BackendName, errorOf, type Filler } from './define.js';
import type { Renderer } from './gpu/renderer.js';
import { prepareJs } from './js/index.js';
import type { Rows } from './rows.js';
import type { SelfTest } from './self-test.js';

/** What is known of one way to have a backend, such as a mode of gpu.js. */
export interface ModeReport {
  /** null for a backend that has one way only, or none that works. */
  readonly mode: string | null;
  readonly device: string | null;
  /** What a driver runs kernels on; null where none is asked. */
  readonly renderer: Renderer | null;
  /** `unused`: it may work, but another is taken. */
  readonly state: 'offered' | 'unused' | 'unavailable';
  /** Why it is not offered, or not used for everything; null where nothing holds it back. */
  readonly reason: string | null;
  readonly bound: string | null;
  /** Empty where it was not measured. */
  readonly self_test: readonly SelfTest[];
}

/** What `GET /v1/backends` says of a backend, there or not: the way that is offered, and the others. */
export interface BackendReport extends ModeReport {
  readonly name: BackendName;
  readonly other_modes: readonly ModeReport[];
}

/** Plain TypeScript: it has every kernel, and its bytes are the reference bytes. */
export const jsBackend: Backend = {
  name: 'js',
  device: 'TypeScript',
  bound: 'the reference bytes',
  maxError: { elements: 0, reals: 0, phase: 0, 'slope-distance': 0, bucket: 0 },
  prepare: prepareJs,
};

/** The backends of this process, in order of preference among equals. */
export class Kernels {
  constructor(
    readonly backends: readonly Backend[],
    readonly reports: readonly BackendReport[],
  ) {}

  /** The backend of that name, where it is offered. */
  backend(name: BackendName): Backend | undefined {
    return this.backends.find((backend) => backend.name === name);
  }

  /** Why the backend of that name is not offered. */
  whyNot(name: BackendName): string {
    return this.reports.find((report) => report.name === name)?.reason ?? 'it was not started';
  }

  /**
   * Who fills the tensor: for `auto` the fastest backend with the reference bytes, else the one of that name,
   * whatever its bytes. TypeScript where that has no kernel for the rows.
   */
  prepare(choice: BackendChoice, rows: Rows, spec: TensorSpec): Filler {
    for (const backend of this.candidates(choice, rows.kind, spec.dtype)) {
      const filler = backend.prepare(rows, spec);
      if (filler) return filler;
    }
    return prepareJs(rows, spec);
  }

  private candidates(choice: BackendChoice, kind: Rows['kind'], dtype: DType): readonly Backend[] {
    if (choice !== 'auto') return this.backends.filter(({ name }) => name === choice);
    return this.backends
      .filter((backend) => errorOf(backend, kind, dtype) === 0)
      .sort((a, b) => this.speed(b, kind, dtype) - this.speed(a, kind, dtype));
  }

  /** GB/s of a backend in its self-test: for the kind and the dtype, else the least for the kind. */
  private speed({ name }: Backend, kind: Rows['kind'], dtype: DType): number {
    const tests = this.reports.find((report) => report.name === name)?.self_test ?? [];
    const alike = tests.filter((test) => test.kind === kind);
    const same = alike.filter((test) => test.dtype === dtype);
    const speeds = (same.length > 0 ? same : alike).map(({ gb_per_s }) => gb_per_s);
    return speeds.length > 0 ? Math.min(...speeds) : 0;
  }
}
