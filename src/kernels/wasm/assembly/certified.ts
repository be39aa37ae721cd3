import { F32, Lanes } from './dtype';

/**
 * Correct rounding of four real numbers, each known as a float64 value and a bound of its error. The values rounded
 * to float32, one bound up and one bound down, must agree; for a 16-bit dtype they must not lie halfway between two
 * of its values either, unless the float64 value tells the side.
 */
export class Certified {
  /** Values one bound up, as float32. */
  @inline
  static up(low: v128, high: v128, lowBound: v128, highBound: v128): v128 {
    return Lanes.demote(f64x2.add(low, lowBound), f64x2.add(high, highBound));
  }

  /** Lanes that need a second look, where not all bits are 0. */
  @inline
  static doubt<D>(up: v128, low: v128, high: v128, lowBound: v128, highBound: v128): v128 {
    const down = Lanes.demote(f64x2.sub(low, lowBound), f64x2.sub(high, highBound));
    // Bits, so that a value that vanishes keeps its sign.
    const apart = v128.xor(up, down);
    return idof<D>() === idof<F32>() ? apart : v128.or(apart, Lanes.halfway<D>(up));
  }

  /** Lanes that a second look leaves undecided; all their bits are set. */
  @inline
  static undecided<D>(up: v128, low: v128, high: v128, lowBound: v128, highBound: v128): v128 {
    const down = Lanes.demote(f64x2.sub(low, lowBound), f64x2.sub(high, highBound));
    const apart = i32x4.ne(up, down);
    if (idof<D>() === idof<F32>()) return apart;
    const lowOpen = f64x2.le(f64x2.abs(Certified.excess(low, up)), lowBound);
    const highOpen = f64x2.le(f64x2.abs(Certified.excess(high, Certified.upper(up))), highBound);
    const open = v128.shuffle<i32>(lowOpen, highOpen, 0, 2, 4, 6);
    return v128.or(apart, v128.and(open, Lanes.halfway<D>(up)));
  }

  /** `up`, but where it is halfway one unit closer to the float64 value. */
  @inline
  static aside<D>(up: v128, low: v128, high: v128): v128 {
    if (idof<D>() === idof<F32>()) return up;
    const excess = Lanes.demote(Certified.excess(low, up), Certified.excess(high, Certified.upper(up)));
    // −1 where the signs differ, so that the magnitude is too large; else 1.
    const step = v128.or(i32x4.shr_s(v128.xor(excess, up), 31), i32x4.splat(1));
    return i32x4.add(up, v128.and(step, Lanes.halfway<D>(up)));
  }

  @inline
  private static excess(values: v128, up: v128): v128 {
    return f64x2.sub(values, f64x2.promote_low_f32x4(up));
  }

  @inline
  private static upper(x: v128): v128 {
    return v128.shuffle<i64>(x, x, 1, 1);
  }
}
