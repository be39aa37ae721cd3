/** 2^27 + 1, Dekker's splitting factor for float64. */
const splitter: f64 = 134217729;

/** Two float64 numbers at a time, with the rounding error of an operation; ../../../numerics/double-double.ts. */
export class DoubleDouble {
  /** a + b − sum, exactly. */
  @inline
  static sumError(a: v128, b: v128, sum: v128): v128 {
    const t = f64x2.sub(sum, a);
    return f64x2.add(f64x2.sub(a, f64x2.sub(sum, t)), f64x2.sub(b, t));
  }

  /** a + b − sum, exactly, where |a| ≥ |b| or a = 0. */
  @inline
  static quickSumError(a: v128, b: v128, sum: v128): v128 {
    return f64x2.sub(b, f64x2.sub(sum, a));
  }

  /** a · b − product, exactly. */
  @inline
  static productError(a: v128, b: v128, product: v128): v128 {
    const ah = DoubleDouble.upperHalf(a);
    const al = f64x2.sub(a, ah);
    const bh = DoubleDouble.upperHalf(b);
    const bl = f64x2.sub(b, bh);
    let rest = f64x2.sub(f64x2.mul(ah, bh), product);
    rest = f64x2.add(rest, f64x2.mul(ah, bl));
    rest = f64x2.add(rest, f64x2.mul(al, bh));
    return f64x2.add(rest, f64x2.mul(al, bl));
  }

  @inline
  private static upperHalf(a: v128): v128 {
    const t = f64x2.mul(f64x2.splat(splitter), a);
    return f64x2.sub(t, f64x2.sub(t, a));
  }
}
