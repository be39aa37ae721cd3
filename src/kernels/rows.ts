import type { Real } from '../numerics/real.js';

/**
 * What an encoding asks of a kernel: the recipe of one tensor, element by element in row-major order,
 * free of dtype and format. Kernels turn a recipe into bytes; which kinds exist is fixed by this union.
 */
export type Rows = ElementRows | RealRows | PhaseRows | SlopeDistanceRows | BucketRows;

/**
 * The general recipe: any element as a float64 (or an integer, or 0/1 for a mask), rounded once to the dtype.
 * `row` counts the leading dimensions flattened, `column` the last one; a scalar is (0, 0).
 */
export interface ElementRows {
  readonly kind: 'elements';
  readonly at: (row: number, column: number) => number;
}

/** A short list of real numbers, each rounded correctly to the dtype asked for; a plain number is that float64. */
export interface RealRows {
  readonly kind: 'reals';
  readonly values: readonly (Real | number)[];
}

/** How the angle of a phase table is formed before cos and sin are taken. */
export type AngleRule =
  /** The real product position · frequency; outputs are correctly rounded (`exact`). */
  | 'real'
  /** `f32(f32(position) · frequency)`, frequency a float32 (`transformers`); outputs are float32 values. */
  | 'f32-product'
  /** `f64(position / divisor)` in float64; outputs are float32 values (numpy-built sinusoids). */
  | 'f64-quotient';

/** The frequencies of a phase table, one a pair. */
export interface Phases {
  /** Radians a position. For `f32-product` each is a float32; for `f64-quotient` each is a divisor, a float64. */
  readonly frequencies: readonly Real[];
  /** Multiplied into cos and sin: as a float32 in `f32-product`, as the real number in `real`. */
  readonly scale: Real;
}

/** Where one trigonometric function of all pairs stands in a row: element `offset + stride·pair`. */
export interface PhaseRun {
  readonly trig: 'cos' | 'sin' | 'zero';
  readonly offset: number;
  readonly stride: number;
  /** First pair of the run, and how many. `zero` writes `count` zeros. */
  readonly first: number;
  readonly count: number;
}

/** A table of cos and sin of position · frequency: rows are positions, columns are laid out by `runs`. */
export interface PhaseRows {
  readonly kind: 'phase';
  readonly angle: AngleRule;
  readonly phases: Phases;
  /** Positions below `position` take these phases instead (LongRoPE's unscaled first positions). */
  readonly below?: { readonly position: number; readonly phases: Phases };
  readonly positions: Positions;
  /** Elements a row (a c64 element counts as two: real, then imaginary). */
  readonly width: number;
  readonly runs: readonly PhaseRun[];
}

/** The row window of a table. */
export type Positions =
  | { readonly kind: 'range'; readonly start: number; readonly length: number }
  | { readonly kind: 'list'; readonly values: readonly number[] };

/** Bias tables: slope(head) · integer(query, key); rows are head-major, [H, Q, K] or [H, K] (Q = 1). */
export interface SlopeDistanceRows {
  readonly kind: 'slope-distance';
  readonly slopes: readonly Real[];
  readonly queryLength: number;
  readonly keyLength: number;
  /**
   * The integer that multiplies a slope: `key` the key's position, `key-last` key − K + 1,
   * `distance` −|query position − key|, the query at row + K − Q.
   */
  readonly factor: 'key' | 'key-last' | 'distance';
  /** −Infinity where the key is after the query. */
  readonly causal: boolean;
  /**
   * `real`: the real product, correctly rounded. `f32`: float32(float32 slope · float32 integer).
   * `bf16`: bfloat16(bfloat16 slope · bfloat16 integer), widened for other dtypes.
   */
  readonly rounding: 'real' | 'f32' | 'bf16';
}

/** A map of relative positions to buckets, [Q, K] (key − query) or [R] (a span of relative positions). */
export interface BucketRows {
  readonly kind: 'bucket';
  /** Relative position of element (row, column) is `base + column − row`; rows 1 for a span. */
  readonly base: number;
  readonly columns: number;
  /** Buckets of relative positions 0, 1, 2, … and 0, −1, −2, …; beyond the end the last entry counts. */
  readonly forward: Int32Array;
  readonly backward: Int32Array;
}

/** Number of rows of a window. */
export function positionCount(positions: Positions): number {
  return positions.kind === 'range' ? positions.length : positions.values.length;
}

/** Position of a row of the window. */
export function positionAt(positions: Positions, row: number): number {
  return positions.kind === 'range' ? positions.start + row : positions.values[row]!;
}
