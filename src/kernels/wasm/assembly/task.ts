/**
 * What a phase kernel is to do: some pairs of some rows of one block. All fields are float64, addresses too, so that
 * the caller writes a plain array; ../phase-blocks.ts has the same fields in the same order.
 */
@unmanaged
export class PhaseTask {
  /** Of the first row. */
  position: f64;
  rows: f64;
  /** Pairs from … to − 1 are wanted; up to 3 more before `end` may be overwritten. */
  from: f64;
  to: f64;
  end: f64;
  /** Of pair 0: rotations at the begin of the block, and those of the first row within it. */
  cosHigh: f64;
  sinHigh: f64;
  cosLow: f64;
  sinLow: f64;
  /** Bytes from one row of the latter to the next. */
  lowStride: f64;
  /** The two places of pair 0 in the first row, and bytes from one row to the next. */
  x: f64;
  y: f64;
  rowBytes: f64;
  /** Frequencies, or divisors, a float64 a pair. */
  w: f64;
  /** A float32 that multiplies cos and sin. */
  scale: f64;
  /** Of cos and of sin, a float64 a pair. */
  cosBound: f64;
  sinBound: f64;
  /** Least sine that a double-double holds, a float64 a pair. */
  sinLeast: f64;
  /** Room for row · end + pair of each undecided element. */
  undecided: f64;
}
