import { CertifiedPhase } from './certified-phase';
import { Bf16, F16, F32, F64 } from './dtype';
import { CosCos, CosCosInTurns, CosSin, CosSinInTurns, SinCosInTurns, SinSin, SinSinInTurns } from './shape';
import { PhaseTask } from './task';
import { Undecided } from './undecided';
import { WidePhase } from './wide-phase';

/** Tables of real angles: whoever computes a group of pairs tells which of them its bounds leave undecided. */
class ExactPhase {
  /** Pairs of one group: float64 takes double-doubles, two at a time. */
  @inline
  static pairs<D>(): usize {
    return idof<D>() === idof<F64>() ? 2 : 4;
  }

  /** Pairs j … j + count − 1 of one row. Returns a bit for each that is undecided. */
  @inline
  static group<D, S>(
    cosHigh: usize,
    sinHigh: usize,
    cosLow: usize,
    sinLow: usize,
    cosBound: usize,
    sinBound: usize,
    sinLeast: usize,
    x: usize,
    y: usize,
    j: usize,
    count: usize,
  ): i32 {
    return idof<D>() === idof<F64>()
      ? WidePhase.group<S>(cosHigh, cosLow, cosBound, sinBound, sinLeast, x, y, j, count)
      : CertifiedPhase.group<D, S>(cosHigh, sinHigh, cosLow, sinLow, cosBound, sinBound, x, y, j, count);
  }

  static rows<D, S>(task: PhaseTask): usize {
    const rows = <i32>task.rows;
    const end = <usize>task.end;
    const cosHigh = <usize>task.cosHigh;
    const sinHigh = <usize>task.sinHigh;
    const cosBound = <usize>task.cosBound;
    const sinBound = <usize>task.sinBound;
    const sinLeast = <usize>task.sinLeast;
    const lowStride = <usize>task.lowStride;
    const rowBytes = <usize>task.rowBytes;
    const pairs = ExactPhase.pairs<D>();
    const whole = end & ~(pairs - 1);
    let undecided = <usize>task.undecided;
    let cosLow = <usize>task.cosLow;
    let sinLow = <usize>task.sinLow;
    let x = <usize>task.x;
    let y = <usize>task.y;
    for (let row = 0, first: usize = 0; row < rows; row++, first += end) {
      for (let j: usize = 0; j < whole; j += pairs) {
        const bits = ExactPhase.group<D, S>(
          cosHigh,
          sinHigh,
          cosLow,
          sinLow,
          cosBound,
          sinBound,
          sinLeast,
          x,
          y,
          j,
          pairs,
        );
        if (bits) undecided = Undecided.append(bits, first + j, undecided);
      }
      if (whole < end) {
        const bits = ExactPhase.group<D, S>(
          cosHigh,
          sinHigh,
          cosLow,
          sinLow,
          cosBound,
          sinBound,
          sinLeast,
          x,
          y,
          whole,
          end - whole,
        );
        if (bits) undecided = Undecided.append(bits, first + whole, undecided);
      }
      cosLow += lowStride;
      sinLow += lowStride;
      x += rowBytes;
      y += rowBytes;
    }
    return (undecided - <usize>task.undecided) >> 2;
  }

  static ofType<D>(shape: i32, task: PhaseTask): usize {
    if (shape === 0) return ExactPhase.rows<D, CosCos>(task);
    if (shape === 1) return ExactPhase.rows<D, SinSin>(task);
    if (shape === 2) return ExactPhase.rows<D, CosSin>(task);
    if (shape === 3) return ExactPhase.rows<D, CosCosInTurns>(task);
    if (shape === 4) return ExactPhase.rows<D, SinSinInTurns>(task);
    if (shape === 5) return ExactPhase.rows<D, CosSinInTurns>(task);
    if (shape === 6) return ExactPhase.rows<D, SinCosInTurns>(task);
    unreachable();
    return 0;
  }
}

/**
 * Writes the task's part of a table of real angles and tells how many elements it lists. For float64 the tables of
 * rotations are of double-doubles, four numbers a pair, at `cosHigh` and `cosLow`.
 */
export function exactPhase(dtype: i32, shape: i32, task: PhaseTask): usize {
  if (dtype === 0) return ExactPhase.ofType<F32>(shape, task);
  if (dtype === 1) return ExactPhase.ofType<Bf16>(shape, task);
  if (dtype === 2) return ExactPhase.ofType<F16>(shape, task);
  if (dtype === 3) return ExactPhase.ofType<F64>(shape, task);
  unreachable();
  return 0;
}
