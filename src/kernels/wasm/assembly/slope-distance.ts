import { Certified } from './certified';
import { DoubleDouble } from './double-double';
import { Bf16, F16, F32, F64, Lanes } from './dtype';
import { Undecided } from './undecided';

/**
 * How a product is rounded, as tags: float32 or bfloat16 factors, or the real product, correctly rounded. They are
 * numbered in this order.
 */
class SingleFactors {}
class HalfFactors {}
class RealProduct {}

/** Relative bound of float64(slope) · integer; that of ../../js/slope-distance.ts. */
const productBound: f64 = 3.4e-16;
/** Relative bound of a double-double product: four roundings of 2^−106 and a little. */
const wideBound: f64 = 7.888609052210118e-31;

/** What the kernel is to do: some keys of some query rows of one head; ../slope-distance.ts has the same fields. */
@unmanaged
export class BiasTask {
  rows: f64;
  /** Keys from … to − 1. */
  from: f64;
  to: f64;
  /** Position of the first row's query; the next row's is one more. */
  query: f64;
  /** The integer is key + shift, or, with `distance` 1, −|query − key|. */
  shift: f64;
  distance: f64;
  /** 1 where keys after the query are −Infinity. */
  causal: f64;
  slope: f64;
  /** What is left of the slope beyond float64. */
  slopeLow: f64;
  out: f64;
  /** Room for the number, from the first one on, of each undecided element. */
  undecided: f64;
}

class Bias {
  /** The integers of keys key … key + 3. */
  @inline
  static integers(key: v128, query: v128, shift: v128, distance: bool): v128 {
    return distance ? i32x4.neg(i32x4.abs(i32x4.sub(query, key))) : i32x4.add(key, shift);
  }

  /** Of two bfloat16 values the product is a float32. */
  @inline
  static bfloat16(x: v128): v128 {
    return i32x4.shl(Lanes.round<Bf16>(x), 16);
  }

  /** Elements key … key + count − 1 of one row. Returns a bit for each that is undecided. */
  @inline
  static group<R, D>(integers: v128, late: v128, slope: f64, slopeLow: f64, at: usize, count: usize): i32 {
    // The integer 0 gives +0, whatever the slope.
    const notZero = i32x4.ne(integers, i32x4.splat(0));
    if (idof<R>() === idof<RealProduct>() && idof<D>() === idof<F64>()) {
      const next = v128.shuffle<i64>(integers, integers, 1, 1);
      let doubt = Bias.wide(integers, notZero, late, slope, slopeLow, at, min<usize>(count, 2));
      if (count > 2) {
        const rest = Bias.wide(
          next,
          v128.shuffle<i64>(notZero, notZero, 1, 1),
          v128.shuffle<i64>(late, late, 1, 1),
          slope,
          slopeLow,
          at + 16,
          count - 2,
        );
        doubt |= rest << 2;
      }
      return doubt;
    }
    let bits = integers;
    let undecided = i32x4.splat(0);
    if (idof<R>() === idof<SingleFactors>()) {
      bits = Lanes.round<D>(f32x4.mul(f32x4.splat(<f32>slope), f32x4.convert_i32x4_s(integers)));
    } else if (idof<R>() === idof<HalfFactors>()) {
      const factor = Bias.bfloat16(f32x4.convert_i32x4_s(integers));
      bits = Lanes.round<D>(Bias.bfloat16(f32x4.mul(f32x4.splat(<f32>slope), factor)));
    } else {
      const low = f64x2.mul(f64x2.splat(slope), f64x2.convert_low_i32x4_s(integers));
      const upper = v128.shuffle<i64>(integers, integers, 1, 1);
      const high = f64x2.mul(f64x2.splat(slope), f64x2.convert_low_i32x4_s(upper));
      const lowBound = f64x2.mul(f64x2.abs(low), f64x2.splat(productBound));
      const highBound = f64x2.mul(f64x2.abs(high), f64x2.splat(productBound));
      const up = Certified.up(low, high, lowBound, highBound);
      const doubt = Certified.doubt<D>(up, low, high, lowBound, highBound);
      bits = Lanes.nearest<D>(up);
      if (v128.any_true(doubt)) {
        // What is late, or of the integer 0, is known.
        undecided = v128.andnot(Certified.undecided<D>(up, low, high, lowBound, highBound), late);
        undecided = v128.and(undecided, notZero);
        bits = Lanes.nearest<D>(Certified.aside<D>(up, low, high));
      }
    }
    bits = v128.bitselect(Lanes.minusInfinity<D>(), v128.and(bits, notZero), late);
    Lanes.store<D>(Lanes.pack<D>(bits), at, count);
    return i32x4.bitmask(undecided) & ((1 << (<i32>count)) - 1);
  }

  /** Two real products as float64. */
  @inline
  static wide(
    integers: v128,
    notZero: v128,
    late: v128,
    slope: f64,
    slopeLow: f64,
    at: usize,
    count: usize,
  ): i32 {
    const factor = f64x2.convert_low_i32x4_s(integers);
    const slopes = f64x2.splat(slope);
    const product = f64x2.mul(slopes, factor);
    const error = DoubleDouble.productError(slopes, factor, product);
    const low = f64x2.add(error, f64x2.mul(f64x2.splat(slopeLow), factor));
    const bound = f64x2.mul(f64x2.abs(product), f64x2.splat(wideBound));
    const up = f64x2.add(product, f64x2.add(low, bound));
    const down = f64x2.add(product, f64x2.sub(low, bound));
    const isLate = i64x2.extend_low_i32x4_s(late);
    let value = v128.and(up, i64x2.extend_low_i32x4_s(notZero));
    value = v128.bitselect(f64x2.splat(-Infinity), value, isLate);
    if (count === 2) v128.store(at, value);
    else v128.store64_lane(at, value, 0);
    return i64x2.bitmask(v128.andnot(f64x2.ne(up, down), isLate)) & ((1 << (<i32>count)) - 1);
  }

  static rows<R, D>(task: BiasTask): usize {
    const rows = <i32>task.rows;
    const from = <i32>task.from;
    const to = <i32>task.to;
    const shift = i32x4.splat(<i32>task.shift);
    const distance = task.distance !== 0;
    const causal = task.causal !== 0;
    const slope = task.slope;
    const slopeLow = task.slopeLow;
    const size = Lanes.size<D>();
    let out = <usize>task.out;
    let query = <i32>task.query;
    let undecided = <usize>task.undecided;
    let first: usize = 0;
    for (let row = 0; row < rows; row++, query++) {
      const queries = i32x4.splat(query);
      // Nothing is after the last integer.
      const last = i32x4.splat(causal ? query : i32.MAX_VALUE);
      let keys = i32x4.add(i32x4.splat(from), i32x4(0, 1, 2, 3));
      for (let key = from; key < to; key += 4) {
        const integers = Bias.integers(keys, queries, shift, distance);
        const late = i32x4.gt_s(keys, last);
        const left = to - key;
        let bits = 0;
        if (left >= 4) bits = Bias.group<R, D>(integers, late, slope, slopeLow, out, 4);
        else bits = Bias.group<R, D>(integers, late, slope, slopeLow, out, left);
        if (bits) undecided = Undecided.append(bits, first, undecided);
        const count = <usize>min(left, 4);
        out += count * size;
        first += count;
        keys = i32x4.add(keys, i32x4.splat(4));
      }
    }
    return (undecided - <usize>task.undecided) >> 2;
  }

  static ofType<R>(dtype: i32, task: BiasTask): usize {
    if (dtype === 0) return Bias.rows<R, F32>(task);
    if (dtype === 1) return Bias.rows<R, Bf16>(task);
    if (dtype === 2) return Bias.rows<R, F16>(task);
    if (dtype === 3) return Bias.rows<R, F64>(task);
    unreachable();
    return 0;
  }
}

/** Writes the task's part of a bias table and tells how many elements it lists. */
export function slopeDistance(rounding: i32, dtype: i32, task: BiasTask): usize {
  if (rounding === 0) return Bias.ofType<SingleFactors>(dtype, task);
  if (rounding === 1) return Bias.ofType<HalfFactors>(dtype, task);
  if (rounding === 2) return Bias.ofType<RealProduct>(dtype, task);
  unreachable();
  return 0;
}
