import type { Rotations } from './rotations.js';

/** Where a row is written: float64, or float32 for dtypes whose values all are float32 values. */
export type Values = Float64Array | Float32Array;

/**
 * What the rows of a phase table are computed from, for whoever computes whole blocks of them by angle addition and
 * asks for the elements that it does not reach one by one.
 */
export interface BlockSource {
  readonly rotations: Rotations;
  /** Whole positions below it have angles that are sums of two in the tables. */
  readonly maxPosition: number;
  /** Makes a block the current one. */
  enter(block: number): void;
  /** Writes cos and sin of pair j at any position to cos[j] and sin[j]. */
  element(position: number, j: number, cos: Values, sin: Values): void;
}
