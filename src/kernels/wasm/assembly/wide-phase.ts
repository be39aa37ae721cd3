import { DoubleDouble } from './double-double';
import { Shape } from './shape';

/**
 * cos and sin of the real angle, correctly rounded to float64: two pairs at a time. The angle addition is `rotate`
 * of ../../../numerics/rotation.ts, on tables of four numbers a pair: cos high, cos low, sin high, sin low.
 */
export class WidePhase {
  /** Pairs j … j + count − 1, one or two, of one row. Returns a bit for each that is undecided. */
  @inline
  static group<S>(
    high: usize,
    low: usize,
    cosBound: usize,
    sinBound: usize,
    sinLeast: usize,
    x: usize,
    y: usize,
    j: usize,
    count: usize,
  ): i32 {
    const at = j << 5;
    const a0 = v128.load(high + at);
    const a1 = v128.load(high + at, 32);
    const a2 = v128.load(high + at, 16);
    const a3 = v128.load(high + at, 48);
    const b0 = v128.load(low + at);
    const b1 = v128.load(low + at, 32);
    const b2 = v128.load(low + at, 16);
    const b3 = v128.load(low + at, 48);
    const aCos = v128.shuffle<i64>(a0, a1, 0, 2);
    const aCosLow = v128.shuffle<i64>(a0, a1, 1, 3);
    const aSin = v128.shuffle<i64>(a2, a3, 0, 2);
    const aSinLow = v128.shuffle<i64>(a2, a3, 1, 3);
    const bCos = v128.shuffle<i64>(b0, b1, 0, 2);
    const bCosLow = v128.shuffle<i64>(b0, b1, 1, 3);
    const bSin = v128.shuffle<i64>(b2, b3, 0, 2);
    const bSinLow = v128.shuffle<i64>(b2, b3, 1, 3);
    let cosValue = aCos;
    let sinValue = aCos;
    let doubt = i64x2.splat(0);
    if (Shape.usesCos<S>()) {
      const cc = f64x2.mul(aCos, bCos);
      const ss = f64x2.mul(aSin, bSin);
      const ccLow = WidePhase.productLow(aCos, aCosLow, bCos, bCosLow, cc);
      const ssLow = WidePhase.productLow(aSin, aSinLow, bSin, bSinLow, ss);
      const cos = f64x2.sub(cc, ss);
      const cosLow = f64x2.add(DoubleDouble.sumError(cc, f64x2.neg(ss), cos), f64x2.sub(ccLow, ssLow));
      const cosHigh = f64x2.add(cos, cosLow);
      const rest = DoubleDouble.quickSumError(cos, cosLow, cosHigh);
      doubt = WidePhase.doubt(cosHigh, rest, v128.load(cosBound + (j << 3)));
      cosValue = f64x2.add(cosHigh, rest);
    }
    if (Shape.usesSin<S>()) {
      const sc = f64x2.mul(aSin, bCos);
      const cs = f64x2.mul(aCos, bSin);
      const scLow = WidePhase.productLow(aSin, aSinLow, bCos, bCosLow, sc);
      const csLow = WidePhase.productLow(aCos, aCosLow, bSin, bSinLow, cs);
      const sin = f64x2.add(sc, cs);
      const sinLow = f64x2.add(DoubleDouble.sumError(sc, cs, sin), f64x2.add(scLow, csLow));
      const sinHigh = f64x2.add(sin, sinLow);
      const rest = DoubleDouble.quickSumError(sin, sinLow, sinHigh);
      doubt = v128.or(doubt, WidePhase.doubt(sinHigh, rest, v128.load(sinBound + (j << 3))));
      doubt = v128.or(doubt, f64x2.lt(f64x2.abs(sinHigh), v128.load(sinLeast + (j << 3))));
      sinValue = f64x2.add(sinHigh, rest);
    }
    Shape.putWide<S>(cosValue, sinValue, x, y, j, count);
    return i64x2.bitmask(doubt) & ((1 << (<i32>count)) - 1);
  }

  /** The low part of (a + aLow) · (b + bLow), product = fl(a · b). */
  @inline
  private static productLow(a: v128, aLow: v128, b: v128, bLow: v128, product: v128): v128 {
    const cross = f64x2.add(f64x2.mul(a, bLow), f64x2.mul(aLow, b));
    return f64x2.add(DoubleDouble.productError(a, b, product), cross);
  }

  /** Lanes in which high + low ± bound does not round to one number. */
  @inline
  private static doubt(high: v128, low: v128, bound: v128): v128 {
    return f64x2.ne(f64x2.add(high, f64x2.add(low, bound)), f64x2.add(high, f64x2.sub(low, bound)));
  }
}
