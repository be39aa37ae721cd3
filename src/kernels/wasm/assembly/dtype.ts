/**
 * Element types, as tags that a generic function is compiled for: `idof` is a constant, so that what belongs to
 * other types is left out. They are numbered in this order. A vector is four float32 values; `F64` holds float32
 * values widened.
 */
export class F32 {}
export class Bf16 {}
export class F16 {}
export class F64 {}

/** The least normal float16, 2^−14, as the bits of a float32. */
const leastNormalF16: i32 = 0x38800000;
/** What a float32 exponent loses on its way to float16: (127 − 15) · 2^23. */
const rebiasF16: i32 = 0x38000000;
/** Infinity as the bits of a float16. */
const infinityF16: i32 = 0x7c00;
const magnitude: i32 = 0x7fffffff;
const signF16: i32 = 0x8000;

export class Lanes {
  /** Bytes of one element. */
  @inline
  static size<D>(): usize {
    return idof<D>() === idof<F64>() ? 8 : idof<D>() === idof<F32>() ? 4 : 2;
  }

  /** Four float64 values rounded to float32. */
  @inline
  static demote(low: v128, high: v128): v128 {
    return v128.shuffle<i64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
  }

  /** float32 values rounded to the dtype, half to even, as the bits of the dtype in the lower part of each lane. */
  @inline
  static round<D>(x: v128): v128 {
    if (idof<D>() === idof<Bf16>()) return Lanes.cutBf16(x, Lanes.justUnderHalf(x, 16));
    if (idof<D>() === idof<F16>()) return Lanes.cutF16(x, Lanes.justUnderHalf(x, 13));
    return x;
  }

  /** The same where no value is halfway. */
  @inline
  static nearest<D>(x: v128): v128 {
    if (idof<D>() === idof<Bf16>()) return Lanes.cutBf16(x, i32x4.splat(0x8000));
    if (idof<D>() === idof<F16>()) return Lanes.cutF16(x, i32x4.splat(0x1000));
    return x;
  }

  /** Lanes in which a float32 value lies halfway between two values of a 16-bit dtype; all their bits are set. */
  @inline
  static halfway<D>(x: v128): v128 {
    if (idof<D>() === idof<Bf16>()) return i32x4.eq(v128.and(x, i32x4.splat(0xffff)), i32x4.splat(0x8000));
    const size = v128.and(x, i32x4.splat(magnitude));
    const normal = i32x4.eq(v128.and(size, i32x4.splat(0x1fff)), i32x4.splat(0x1000));
    const units = f32x4.mul(size, f32x4.splat(16777216));
    const subnormal = f32x4.eq(f32x4.sub(units, f32x4.floor(units)), f32x4.splat(0.5));
    return v128.bitselect(subnormal, normal, Lanes.isSubnormalF16(size));
  }

  /** −Infinity in the dtype's bits; for F64 those of the float32 that is widened. */
  @inline
  static minusInfinity<D>(): v128 {
    if (idof<D>() === idof<Bf16>()) return i32x4.splat(0xff80);
    if (idof<D>() === idof<F16>()) return i32x4.splat(signF16 | infinityF16);
    return f32x4.splat(-Infinity);
  }

  /** Moves the 16 bits of each lane together, to the lower half. */
  @inline
  static pack<D>(bits: v128): v128 {
    return Lanes.size<D>() === 2 ? i16x8.narrow_i32x4_u(bits, bits) : bits;
  }

  /** Stores the first `count` elements, 1 to 4, of a packed vector. */
  @inline
  static store<D>(packed: v128, at: usize, count: usize): void {
    if (count === 4) {
      if (idof<D>() === idof<F64>()) {
        v128.store(at, f64x2.promote_low_f32x4(packed));
        v128.store(at, f64x2.promote_low_f32x4(v128.shuffle<i64>(packed, packed, 1, 1)), 16);
      } else if (idof<D>() === idof<F32>()) v128.store(at, packed);
      else v128.store64_lane(at, packed, 0);
      return;
    }
    let rest = packed;
    if (count & 2) {
      if (idof<D>() === idof<F64>()) v128.store(at, f64x2.promote_low_f32x4(rest));
      else if (idof<D>() === idof<F32>()) v128.store64_lane(at, rest, 0);
      else v128.store32_lane(at, rest, 0);
      rest = Lanes.size<D>() === 2 ? i64x2.shr_u(rest, 32) : v128.shuffle<i64>(rest, rest, 1, 1);
    }
    if (count & 1) {
      const last = at + (count & 2) * Lanes.size<D>();
      if (idof<D>() === idof<F64>()) v128.store64_lane(last, f64x2.promote_low_f32x4(rest), 0);
      else if (idof<D>() === idof<F32>()) v128.store32_lane(last, rest, 0);
      else v128.store16_lane(last, rest, 0);
    }
  }

  /** What rounds half to even when it is added to a float32: half of the last kept bit, less one where that is even. */
  @inline
  private static justUnderHalf(x: v128, dropped: i32): v128 {
    const odd = v128.and(i32x4.shr_u(x, dropped), i32x4.splat(1));
    return i32x4.add(i32x4.splat((1 << (dropped - 1)) - 1), odd);
  }

  @inline
  private static cutBf16(x: v128, half: v128): v128 {
    return i32x4.shr_u(i32x4.add(x, half), 16);
  }

  @inline
  private static cutF16(x: v128, half: v128): v128 {
    const size = v128.and(x, i32x4.splat(magnitude));
    const normal = i32x4.shr_u(i32x4.add(i32x4.sub(size, i32x4.splat(rebiasF16)), half), 13);
    // One half and a value below it add up to a multiple of 2^−24, half to even: the subnormal grid.
    const subnormal = i32x4.sub(f32x4.add(size, f32x4.splat(0.5)), f32x4.splat(0.5));
    const bits = v128.bitselect(subnormal, normal, Lanes.isSubnormalF16(size));
    const sign = v128.and(i32x4.shr_u(x, 16), i32x4.splat(signF16));
    return v128.or(i32x4.min_u(bits, i32x4.splat(infinityF16)), sign);
  }

  @inline
  private static isSubnormalF16(size: v128): v128 {
    return i32x4.lt_s(size, i32x4.splat(leastNormalF16));
  }
}
