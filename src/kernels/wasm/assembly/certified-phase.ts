import { Certified } from './certified';
import { Lanes } from './dtype';
import { Shape } from './shape';

/** cos and sin of the real angle, correctly rounded to float32 or 16 bits: four pairs at a time. */
export class CertifiedPhase {
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
  private static put<D, S>(cos: v128, sin: v128, x: usize, y: usize, j: usize, count: usize): void {
    Shape.put<D, S>(
      Lanes.pack<D>(Lanes.nearest<D>(cos)),
      Lanes.pack<D>(Lanes.nearest<D>(sin)),
      x,
      y,
      j,
      count,
    );
  }
}
