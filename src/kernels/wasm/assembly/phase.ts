import { Angle, Long, Middle, Quotient, Short } from './angle';
import { Bf16, F16, F32, F64, Lanes } from './dtype';
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

/** cos and sin of float32 and float64 angles, rounded to float32: four pairs at a time. */
class Phase {
  /** Pairs j … j + count − 1 of one row; the tables must be readable up to four pairs. */
  @inline
  static group<A, D, S>(
    p: v128,
    scale: v128,
    scaled: bool,
    w: usize,
    cosHigh: usize,
    sinHigh: usize,
    cosLow: usize,
    sinLow: usize,
    x: usize,
    y: usize,
    j: usize,
    count: usize,
  ): void {
    const at = j << 3;
    let c1 = v128.load(cosHigh + at);
    let s1 = v128.load(sinHigh + at);
    let c2 = v128.load(cosLow + at);
    let s2 = v128.load(sinLow + at);
    const c = f64x2.sub(f64x2.mul(c1, c2), f64x2.mul(s1, s2));
    const s = f64x2.add(f64x2.mul(s1, c2), f64x2.mul(c1, s2));
    const d = Angle.difference<A>(p, v128.load(w + at));

    c1 = v128.load(cosHigh + at, 16);
    s1 = v128.load(sinHigh + at, 16);
    c2 = v128.load(cosLow + at, 16);
    s2 = v128.load(sinLow + at, 16);
    const cNext = f64x2.sub(f64x2.mul(c1, c2), f64x2.mul(s1, s2));
    const sNext = f64x2.add(f64x2.mul(s1, c2), f64x2.mul(c1, s2));
    const dNext = Angle.difference<A>(p, v128.load(w + at, 16));

    let cos = scale;
    let sin = scale;
    if (Shape.usesCos<S>()) {
      cos = Lanes.demote(Angle.cos<A>(c, s, d), Angle.cos<A>(cNext, sNext, dNext));
      if (scaled) cos = f32x4.mul(cos, scale);
      cos = Lanes.pack<D>(Lanes.round<D>(cos));
    }
    if (Shape.usesSin<S>()) {
      sin = Lanes.demote(Angle.sin<A>(c, s, d), Angle.sin<A>(cNext, sNext, dNext));
      if (scaled) sin = f32x4.mul(sin, scale);
      sin = Lanes.pack<D>(Lanes.round<D>(sin));
    }
    Shape.put<D, S>(cos, sin, x, y, j, count);
  }

  static rows<A, D, S>(task: PhaseTask): void {
    const rows = <i32>task.rows;
    const from = <usize>task.from;
    const to = <usize>task.to;
    const end = <usize>task.end;
    const w = <usize>task.w;
    const cosHigh = <usize>task.cosHigh;
    const sinHigh = <usize>task.sinHigh;
    const lowStride = <usize>task.lowStride;
    const rowBytes = <usize>task.rowBytes;
    const scale = f32x4.splat(<f32>task.scale);
    const scaled = task.scale !== 1;
    // Where groups of four still end before `end`; the places beyond it belong to others.
    const whole: usize = end < 4 ? 0 : min<usize>(to, end - 3);
    let cosLow = <usize>task.cosLow;
    let sinLow = <usize>task.sinLow;
    let x = <usize>task.x;
    let y = <usize>task.y;
    let position = task.position;
    for (let row = 0; row < rows; row++) {
      const p = f64x2.splat(position);
      let j = from;
      for (; j < whole; j += 4)
        Phase.group<A, D, S>(p, scale, scaled, w, cosHigh, sinHigh, cosLow, sinLow, x, y, j, 4);
      if (j < to)
        Phase.group<A, D, S>(p, scale, scaled, w, cosHigh, sinHigh, cosLow, sinLow, x, y, j, end - j);
      cosLow += lowStride;
      sinLow += lowStride;
      x += rowBytes;
      y += rowBytes;
      position += 1;
    }
  }

  static ofType<A, D>(shape: i32, task: PhaseTask): void {
    if (shape === 0) Phase.rows<A, D, CosCos>(task);
    else if (shape === 1) Phase.rows<A, D, SinSin>(task);
    else if (shape === 2) Phase.rows<A, D, CosSin>(task);
    else if (shape === 3) Phase.rows<A, D, CosCosInTurns>(task);
    else if (shape === 4) Phase.rows<A, D, SinSinInTurns>(task);
    else if (shape === 5) Phase.rows<A, D, CosSinInTurns>(task);
    else if (shape === 6) Phase.rows<A, D, SinCosInTurns>(task);
    else unreachable();
  }

  static ofAngle<A>(dtype: i32, shape: i32, task: PhaseTask): void {
    if (dtype === 0) Phase.ofType<A, F32>(shape, task);
    else if (dtype === 1) Phase.ofType<A, Bf16>(shape, task);
    else if (dtype === 2) Phase.ofType<A, F16>(shape, task);
    else if (dtype === 3) Phase.ofType<A, F64>(shape, task);
    else unreachable();
  }
}

/** Writes the task's part of a table whose angle is rounded. Tags are numbered as their files list them. */
export function phase(angle: i32, dtype: i32, shape: i32, task: PhaseTask): void {
  if (angle === 0) Phase.ofAngle<Short>(dtype, shape, task);
  else if (angle === 1) Phase.ofAngle<Middle>(dtype, shape, task);
  else if (angle === 2) Phase.ofAngle<Long>(dtype, shape, task);
  else if (angle === 3) Phase.ofAngle<Quotient>(dtype, shape, task);
  else unreachable();
}
