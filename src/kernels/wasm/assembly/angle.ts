import { DoubleDouble } from './double-double';

/**
 * How the angle of a row and a pair differs from position · ω, and what that does to cos and sin, as tags: the
 * three series of FrameworkProductRow and the quotient of FrameworkQuotientRow in ../../phase/framework.ts. The
 * operations and their order are those of that file, so the bits are too. They are numbered in this order.
 */
export class Short {}
export class Middle {}
export class Long {}
export class Quotient {}

export class Angle {
  /** The angle of cos and sin in the tables less the angle that is asked for; `w` is a frequency, or a divisor. */
  @inline
  static difference<A>(position: v128, w: v128): v128 {
    if (idof<A>() === idof<Quotient>()) return Angle.remainder(position, w);
    const product = f64x2.mul(position, w);
    return f64x2.sub(product, f64x2.promote_low_f32x4(f32x4.demote_f64x2_zero(product)));
  }

  /** cos of the angle that is asked for, from cos and sin of the angle in the tables and the difference. */
  @inline
  static cos<A>(c: v128, s: v128, d: v128): v128 {
    if (idof<A>() === idof<Quotient>()) return f64x2.add(c, f64x2.mul(s, d));
    return f64x2.add(c, f64x2.add(f64x2.mul(s, Angle.sine<A>(d)), f64x2.mul(c, Angle.cosine<A>(d))));
  }

  @inline
  static sin<A>(c: v128, s: v128, d: v128): v128 {
    if (idof<A>() === idof<Quotient>()) return f64x2.sub(s, f64x2.mul(c, d));
    return f64x2.add(s, f64x2.sub(f64x2.mul(s, Angle.cosine<A>(d)), f64x2.mul(c, Angle.sine<A>(d))));
  }

  /** p/w − fl(p/w) */
  @inline
  private static remainder(position: v128, w: v128): v128 {
    const a = f64x2.div(position, w);
    const product = f64x2.mul(a, w);
    const rest = DoubleDouble.productError(a, w, product);
    return f64x2.div(f64x2.sub(f64x2.sub(position, product), rest), w);
  }

  /** cos δ − 1 */
  @inline
  private static cosine<A>(d: v128): v128 {
    const q = f64x2.mul(d, d);
    if (idof<A>() === idof<Short>()) return f64x2.mul(q, f64x2.splat(-0.5));
    if (idof<A>() === idof<Middle>())
      return f64x2.mul(q, f64x2.sub(f64x2.mul(q, f64x2.splat(1.0 / 24.0)), f64x2.splat(0.5)));
    let m = f64x2.add(f64x2.mul(q, f64x2.splat(-1.0 / 87178291200.0)), f64x2.splat(1.0 / 479001600.0));
    m = f64x2.sub(f64x2.mul(m, q), f64x2.splat(1.0 / 3628800.0));
    m = f64x2.add(f64x2.mul(m, q), f64x2.splat(1.0 / 40320.0));
    m = f64x2.sub(f64x2.mul(m, q), f64x2.splat(1.0 / 720.0));
    m = f64x2.add(f64x2.mul(m, q), f64x2.splat(1.0 / 24.0));
    return f64x2.mul(f64x2.sub(f64x2.mul(m, q), f64x2.splat(0.5)), q);
  }

  /** sin δ */
  @inline
  private static sine<A>(d: v128): v128 {
    if (idof<A>() === idof<Short>()) return d;
    const q = f64x2.mul(d, d);
    if (idof<A>() === idof<Middle>()) {
      const rest = f64x2.sub(f64x2.mul(q, f64x2.splat(1.0 / 120.0)), f64x2.splat(1.0 / 6.0));
      return f64x2.add(d, f64x2.mul(f64x2.mul(d, q), rest));
    }
    let e = f64x2.add(f64x2.mul(q, f64x2.splat(-1.0 / 1307674368000.0)), f64x2.splat(1.0 / 6227020800.0));
    e = f64x2.sub(f64x2.mul(e, q), f64x2.splat(1.0 / 39916800.0));
    e = f64x2.add(f64x2.mul(e, q), f64x2.splat(1.0 / 362880.0));
    e = f64x2.sub(f64x2.mul(e, q), f64x2.splat(1.0 / 5040.0));
    e = f64x2.add(f64x2.mul(e, q), f64x2.splat(1.0 / 120.0));
    return f64x2.add(d, f64x2.mul(f64x2.mul(f64x2.sub(f64x2.mul(e, q), f64x2.splat(1.0 / 6.0)), q), d));
  }
}
