import { bitLength, decompose, powerOfTwoNumber, shifted } from './bits.js';
import { piFixed } from './constants.js';
import { productError, quickSumError } from './double-double.js';
import { sinFixed } from './fixed-point.js';
import { Real } from './real.js';
import { rotate } from './rotation.js';

export { rotate } from './rotation.js';

/** Angles are taken relative to the nearest of 2^8 directions of the circle. */
const directionBits = 8;
const directions = 1 << directionBits;

/** Fraction bits of the turns for positions below 2^53: the turns of a position err by at most 2^−194. */
const fractionBits = 248;
const reachBits = 53;

/** Leading bits of the turns of one position, whatever the frequency. */
const leadingBits = 120;

/** Integers up to here convert to float64 with room for Dekker's split. */
const maxNumberBits = 960;

/** A real number as high + low, |low| ≤ ulp(high)/2. */
interface DoubleDouble {
  readonly high: number;
  readonly low: number;
}

interface Constants {
  readonly twoPi: DoubleDouble;
  /** Coefficients whose terms are above 2^−53 of the sum; the others are float64 in the code. */
  readonly minusSixth: DoubleDouble;
  readonly by120: DoubleDouble;
  readonly by24: DoubleDouble;
  /** [directions][4]: cos and sin of k · 2π/directions, the axes exact. */
  readonly table: Float64Array;
}

let constants: Constants | undefined;

function doubleDouble(x: Real): DoubleDouble {
  const high = x.toNumber();
  return { high, low: x.sub(high).toNumber() };
}

function makeConstants(): Constants {
  const table = new Float64Array(4 * directions);
  for (let k = 0; k < directions; k++) {
    const axis = (k * 4) % directions === 0;
    const angle = Real.pi()
      .mul(2 * k)
      .div(directions);
    const values = [angle.cos(), angle.sin()];
    for (const [i, value] of values.entries()) {
      const { high, low } = doubleDouble(value);
      // π is rounded, so cos(π/2) is not quite 0 as a Real.
      table[4 * k + 2 * i] = axis ? Math.round(high) + 0 : high;
      table[4 * k + 2 * i + 1] = axis ? 0 : low;
    }
  }
  return {
    twoPi: doubleDouble(Real.pi().mul(2)),
    minusSixth: doubleDouble(Real.ratio(-1, 6)),
    by120: doubleDouble(Real.ratio(1, 120)),
    by24: doubleDouble(Real.ratio(1, 24)),
    table,
  };
}

/** ω/2π = value / 2^bits, off by less than two units, for positions below 2^reach. */
interface Turns {
  readonly value: bigint;
  readonly bits: number;
  readonly reach: number;
}

/** The rotation by the rest of the angle, between the two halves of {@link Angle.sincos}. */
const small = new Float64Array(4);

/**
 * One frequency ω, in radians a position, held as turns a position: ω/2π as a fixed-point integer, so that the
 * turns of a position are one integer product and their fraction is a mask.
 */
export class Angle {
  readonly frequency: Real;
  private readonly turns: Turns;
  /** The turns last used for positions from 2^53 on. */
  private wideTurns: Turns | undefined;
  /** Of `turns`: the shift to 1/directions of a turn, and, up to maxNumberBits, the unit 2^−bits. */
  private readonly directionShift: number;
  private readonly directionShiftBig: bigint;
  private readonly unit: number;

  /** `frequency` is any Real, negative ones turn the other way. */
  constructor(frequency: Real) {
    this.frequency = frequency;
    this.turns = turnsOf(frequency, reachBits);
    const { bits } = this.turns;
    this.directionShift = bits - directionBits;
    this.directionShiftBig = BigInt(this.directionShift);
    this.unit = bits <= maxNumberBits ? powerOfTwoNumber(-bits) : 0;
  }

  /**
   * Writes cos and sin of position · ω to `out` from index `at`: cos high, cos low, sin high, sin low, each pair
   * a double-double. `position` is any finite float64; RangeError otherwise. 0 · ω and p · 0 give exactly (1, 0, 0, 0).
   *
   * Bound: each of the two values errs by less than 2^−95 of itself, where it is at least 2^−90 (or, with
   * |position · ω| < π/8, whatever it is) and above 2^−960, so that its low part is no subnormal. The parts: the
   * turns err by 2^−194 or, relatively, 2^−119; the rest r of the angle by 2^−102, its sine by 2^−101 and its
   * cosine by 2^−99 (all relative); {@link rotate} by 2^−101 of the sum of its two products, which is at most
   * three times their result. Together below 2^−97.
   */
  sincos(position: number, out: Float64Array, at: number): void {
    // Integers below 2^53, unless the turns have more bits than a float64 holds.
    if (this.turns.bits > maxNumberBits || !Number.isSafeInteger(position)) {
      this.sincosWide(position, out, at);
      return;
    }
    const x = this.turns.value * BigInt(position);
    if (x === 0n) {
      writeIdentity(out, at);
      return;
    }
    const f = BigInt.asIntN(this.directionShift, x);
    const k = Number(BigInt.asUintN(directionBits, x >> this.directionShiftBig)) + (f < 0n ? 1 : 0);
    const high = Number(f);
    sincosOfRest(high, Number(f - BigInt(high)), this.unit, 1, k % directions, out, at);
  }

  /** Fractions, positions from 2^53 on, tiny frequencies: the exponent of the position moves the binary point of the turns. */
  private sincosWide(position: number, out: Float64Array, at: number): void {
    const { mantissa, exponent } = decompose(position);
    const turns = exponent <= 0 ? this.turns : this.turnsReaching(exponent + 53);
    const x = turns.value * mantissa;
    const bits = turns.bits - exponent;
    if (x === 0n) {
      writeIdentity(out, at);
      return;
    }
    const shift = bits - directionBits;
    const f = BigInt.asIntN(shift, x);
    const k = Number(BigInt.asUintN(directionBits, x >> BigInt(shift))) + (f < 0n ? 1 : 0);
    const excess = Math.max(0, bitLength(f < 0n ? -f : f) - maxNumberBits);
    const kept = shifted(f, -excess);
    const high = Number(kept);
    const scale = bits - excess;
    // 2^−scale in two factors, each a float64; beyond 2^−2074 the angle is 0 in either case.
    const first = Math.min(scale, 1000);
    const second = Math.min(scale - first, 1074);
    sincosOfRest(
      high,
      Number(kept - BigInt(high)),
      powerOfTwoNumber(-first),
      powerOfTwoNumber(-second),
      k % directions,
      out,
      at,
    );
  }

  /** cos(position · ω) as a Real: the product is exact, and the cosine good to 2^−319 of itself. */
  cosReal(position: number): Real {
    return this.real(position, 1);
  }

  /** sin(position · ω) as a Real: the product is exact, and the sine good to 2^−319 of itself. */
  sinReal(position: number): Real {
    return this.real(position, 0);
  }

  private real(position: number, quarters: 0 | 1): Real {
    const { mantissa, exponent } = decompose(position);
    const m = this.frequency.mantissa * mantissa;
    const e = this.frequency.exponent + exponent;
    if (m === 0n || bitLength(m < 0n ? -m : m) + e < -180) {
      const angle = Real.scaled(m, e);
      return quarters === 1 ? angle.cos() : angle.sin();
    }
    const { value, bits } = sinFixed(m, e, quarters);
    return Real.scaled(value, -bits);
  }

  /** The turns for positions below 2^reach. They follow from the reach alone, so no result depends on the calls before. */
  private turnsReaching(reach: number): Turns {
    const step = Math.ceil(reach / 64) * 64;
    if (this.wideTurns?.reach !== step) this.wideTurns = turnsOf(this.frequency, step);
    return this.wideTurns;
  }
}

/** As many bits of ω/2π as positions below 2^reach need. */
function turnsOf(frequency: Real, reach: number): Turns {
  const { mantissa, exponent } = frequency;
  const top = mantissa === 0n ? 0 : bitLength(mantissa < 0n ? -mantissa : mantissa) + exponent;
  // |ω|/2π ≥ 2^(top − 4).
  const bits = Math.max(fractionBits + reach - reachBits, leadingBits + 4 - top);
  const piBits = Math.max(0, bits + top) + 16;
  const value = shifted(mantissa, exponent + bits + piBits - 1) / piFixed(piBits);
  return { value, bits, reach };
}

function writeIdentity(out: Float64Array, at: number): void {
  out[at] = 1;
  out[at + 1] = 0;
  out[at + 2] = 0;
  out[at + 3] = 0;
}

/**
 * cos and sin of r + k · 2π/directions with r = 2π · (high + low) · unit · unit2, |r| ≤ π/directions < 2^−6.3.
 * Taylor: of sin the terms from r⁷/5040 on (below 2^−50 r) and of cos from r⁶/720 on (below 2^−47) are float64,
 * the others double-double; r¹³/13! and r¹²/12! are below 2^−104.
 */
function sincosOfRest(
  high: number,
  low: number,
  unit: number,
  unit2: number,
  k: number,
  out: Float64Array,
  at: number,
): void {
  constants ??= makeConstants();
  const { twoPi, minusSixth, by120, by24, table } = constants;
  // The integers are multiplied before they are scaled: tiny angles would underflow in the split.
  const t = high * twoPi.high;
  const tLow = productError(high, twoPi.high, t) + (high * twoPi.low + low * twoPi.high);
  const tHigh = t + tLow;
  const r = tHigh * unit * unit2;
  const rLow = quickSumError(t, tLow, tHigh) * unit * unit2;

  const q = r * r;
  const qLow = productError(r, r, q) + 2 * (r * rLow);

  // sin r = r + r·q·(−1/6 + q·(1/120 + q·(−1/5040 + …)))
  const s7 = q * (q * (q * (-1 / 39916800) + 1 / 362880) - 1 / 5040);
  const s5 = by120.high + s7;
  const s5Low = quickSumError(by120.high, s7, s5) + by120.low;
  const s4 = q * s5;
  const s4Low = productError(q, s5, s4) + (q * s5Low + qLow * s5);
  const s3 = minusSixth.high + s4;
  const s3Low = quickSumError(minusSixth.high, s4, s3) + (minusSixth.low + s4Low);
  const s2 = q * s3;
  const s2Low = productError(q, s3, s2) + (q * s3Low + qLow * s3);
  const s1 = r * s2;
  const s1Low = productError(r, s2, s1) + (r * s2Low + rLow * s2);
  const s = r + s1;
  const sLow = quickSumError(r, s1, s) + (rLow + s1Low);
  const sin = s + sLow;

  // cos r = 1 + q·(−1/2 + q·(1/24 + q·(−1/720 + …)))
  const c6 = q * (q * (q * (-1 / 3628800) + 1 / 40320) - 1 / 720);
  const c5 = by24.high + c6;
  const c5Low = quickSumError(by24.high, c6, c5) + by24.low;
  const c4 = q * c5;
  const c4Low = productError(q, c5, c4) + (q * c5Low + qLow * c5);
  const c3 = c4 - 0.5;
  const c3Low = quickSumError(-0.5, c4, c3) + c4Low;
  const c2 = q * c3;
  const c2Low = productError(q, c3, c2) + (q * c3Low + qLow * c3);
  const c = 1 + c2;
  const cLow = quickSumError(1, c2, c) + c2Low;
  const cos = c + cLow;

  small[0] = cos;
  small[1] = quickSumError(c, cLow, cos);
  small[2] = sin;
  small[3] = quickSumError(s, sLow, sin);
  rotate(table, 4 * k, small, 0, out, at);
}
