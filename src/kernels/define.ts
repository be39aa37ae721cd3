import type { TensorSpec } from '../tensor/spec.js';
import type { Rows } from './rows.js';

/** A prepared tensor: fills any slice of its elements, in any order, always with the same bytes. */
export interface Filler {
  /**
   * Writes elements first … first + count − 1 (row-major) to the start of `out`.
   * `out` is aligned to 8 bytes and has at least count · bytes-per-element bytes.
   */
  fill(first: number, count: number, out: Uint8Array): void;
}

/** One kernel: one kind of rows on one backend. */
export interface BlockKernel<R extends Rows = Rows> {
  readonly kind: R['kind'];
  prepare(rows: R, spec: TensorSpec): Filler;
}
