import { Certified } from './certified';
import { Bf16, F16, F32, Lanes } from './dtype';
import {
  CosCos,
  CosCosInTurns,
  CosSin,
  CosSinInTurns,
  Shape,
  SinCosInTurns,
  SinSin,
  SinSinInTurns,
} from './shape';
import { PhaseTask } from './task';
import { Undecided } from './undecided';

/**
 * cos and sin of the real angle, correctly rounded to the dtype: four pairs at a time. A value whose bound leaves
 * its rounding open is listed instead.
 */
class CertifiedPhase {
  /** Pairs j … j + count − 1 of one row. Returns a bit for each that is undecided. */
  @inline
  static group<D, S>(
    cosHigh: usize,
    sinHigh: usize,
    cosLow: usize,
    sinLow: usize,
    cosBound: usize,
    sinBound: usize,
    x: usize,
    y: usize,
    j: usize,
    count: usize,
  ): i32 {
    const at = j << 3;
    const c1 = v128.load(cosHigh + at);
    const s1 = v128.load(sinHigh + at);
    const c2 = v128.load(cosLow + at);
    const s2 = v128.load(sinLow + at);
    const c1Next = v128.load(cosHigh + at, 16);
    const s1Next = v128.load(sinHigh + at, 16);
    const c2Next = v128.load(cosLow + at, 16);
    const s2Next = v128.load(sinLow + at, 16);
    const c = f64x2.sub(f64x2.mul(c1, c2), f64x2.mul(s1, s2));
    const s = f64x2.add(f64x2.mul(s1, c2), f64x2.mul(c1, s2));
    const cNext = f64x2.sub(f64x2.mul(c1Next, c2Next), f64x2.mul(s1Next, s2Next));
    const sNext = f64x2.add(f64x2.mul(s1Next, c2Next), f64x2.mul(c1Next, s2Next));
    // A load that is not needed would not be left out: it might trap.
    const cBound = Shape.usesCos<S>() ? v128.load(cosBound + at) : c;
    const cBoundNext = Shape.usesCos<S>() ? v128.load(cosBound + at, 16) : c;
    const sBound = Shape.usesSin<S>() ? v128.load(sinBound + at) : s;
    const sBoundNext = Shape.usesSin<S>() ? v128.load(sinBound + at, 16) : s;
    const cosUp = Certified.up(c, cNext, cBound, cBoundNext);
    const sinUp = Certified.up(s, sNext, sBound, sBoundNext);
    let doubt = i32x4.splat(0);
    if (Shape.usesCos<S>()) doubt = Certified.doubt<D>(cosUp, c, cNext, cBound, cBoundNext);
    if (Shape.usesSin<S>()) doubt = v128.or(doubt, Certified.doubt<D>(sinUp, s, sNext, sBound, sBoundNext));
    if (v128.any_true(doubt)) {
      CertifiedPhase.put<D, S>(
        Certified.aside<D>(cosUp, c, cNext),
        Certified.aside<D>(sinUp, s, sNext),
        x,
        y,
        j,
        count,
      );
      let undecided = i32x4.splat(0);
      if (Shape.usesCos<S>()) undecided = Certified.undecided<D>(cosUp, c, cNext, cBound, cBoundNext);
      if (Shape.usesSin<S>())
        undecided = v128.or(undecided, Certified.undecided<D>(sinUp, s, sNext, sBound, sBoundNext));
      return i32x4.bitmask(undecided) & ((1 << (<i32>count)) - 1);
    }
    CertifiedPhase.put<D, S>(cosUp, sinUp, x, y, j, count);
    return 0;
  }

  @inline
  static put<D, S>(cos: v128, sin: v128, x: usize, y: usize, j: usize, count: usize): void {
    Shape.put<D, S>(
      Lanes.pack<D>(Lanes.nearest<D>(cos)),
      Lanes.pack<D>(Lanes.nearest<D>(sin)),
      x,
      y,
      j,
      count,
    );
  }

  static rows<D, S>(task: PhaseTask): usize {
    const rows = <i32>task.rows;
    const end = <usize>task.end;
    const cosHigh = <usize>task.cosHigh;
    const sinHigh = <usize>task.sinHigh;
    const cosBound = <usize>task.cosBound;
    const sinBound = <usize>task.sinBound;
    const lowStride = <usize>task.lowStride;
    const rowBytes = <usize>task.rowBytes;
    const whole = end & ~3;
    let undecided = <usize>task.undecided;
    let cosLow = <usize>task.cosLow;
    let sinLow = <usize>task.sinLow;
    let x = <usize>task.x;
    let y = <usize>task.y;
    for (let row = 0, first: usize = 0; row < rows; row++, first += end) {
      for (let j: usize = 0; j < whole; j += 4) {
        const bits = CertifiedPhase.group<D, S>(
          cosHigh,
          sinHigh,
          cosLow,
          sinLow,
          cosBound,
          sinBound,
          x,
          y,
          j,
          4,
        );
        if (bits) undecided = Undecided.append(bits, first + j, undecided);
      }
      if (whole < end) {
        const rest = end - whole;
        const bits = CertifiedPhase.group<D, S>(
          cosHigh,
          sinHigh,
          cosLow,
          sinLow,
          cosBound,
          sinBound,
          x,
          y,
          whole,
          rest,
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
    if (shape === 0) return CertifiedPhase.rows<D, CosCos>(task);
    if (shape === 1) return CertifiedPhase.rows<D, SinSin>(task);
    if (shape === 2) return CertifiedPhase.rows<D, CosSin>(task);
    if (shape === 3) return CertifiedPhase.rows<D, CosCosInTurns>(task);
    if (shape === 4) return CertifiedPhase.rows<D, SinSinInTurns>(task);
    if (shape === 5) return CertifiedPhase.rows<D, CosSinInTurns>(task);
    if (shape === 6) return CertifiedPhase.rows<D, SinCosInTurns>(task);
    unreachable();
    return 0;
  }
}

/** Writes the task's part of a table of real angles, in float32 or 16 bits, and tells how many elements it lists. */
export function certifiedPhase(dtype: i32, shape: i32, task: PhaseTask): usize {
  if (dtype === 0) return CertifiedPhase.ofType<F32>(shape, task);
  if (dtype === 1) return CertifiedPhase.ofType<Bf16>(shape, task);
  if (dtype === 2) return CertifiedPhase.ofType<F16>(shape, task);
  unreachable();
  return 0;
}
