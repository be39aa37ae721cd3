import { bitLength, decompose, integerSqrt, powerOfTwoNumber, shifted, shiftRoundEven } from './bits.js';
import { ln2Fixed, piFixed } from './constants.js';
import { expFixed, lnFixed, sinFixed, workingBits } from './fixed-point.js';

/** Mantissa bits of every Real. */
const precision = 320;

/**
 * Mantissa bits looked at when a Real is rounded to a dtype. The 64 bits below absorb the errors of some
 * 2^60 operations, so a value that is a tie in mathematics is seen as one.
 */
const decidingBits = 256;

/** Precision and exponent range of the dtypes that {@link Real.round} knows (IEEE 754, bfloat16). */
const shapes = {
  f64: { bits: 53, minExponent: -1022, maxExponent: 1023 },
  f32: { bits: 24, minExponent: -126, maxExponent: 127 },
  f16: { bits: 11, minExponent: -14, maxExponent: 15 },
  bf16: { bits: 8, minExponent: -126, maxExponent: 127 },
} as const;

/** 2^319 and 2^320: the smallest normalised mantissa, and what rounding can carry to. */
const leading = 1n << BigInt(precision - 1);
const overflowed = leading << 1n;

/** Integer powers up to this many bits are taken exactly and rounded once. */
const maxExactBits = 1024;

/** exp and pow refuse results beyond 2^±2^31: no dtype holds them, and fixed point would grow without end. */
const maxExpBits = 31;

/**
 * An immutable real number: a binary floating-point value of 320 bits with an unbounded exponent.
 * `add`, `sub`, `mul`, `div` and `sqrt` are correctly rounded; exp, ln, pow, sin and cos err by less than
 * 2^−319 of the result. Numbers among the arguments are taken as the exact value of the float64; a number
 * that is not finite is a RangeError.
 */
export class Real {
  static readonly zero = new Real(0n, 0);
  static readonly one = Real.from(1);
  static readonly two = Real.from(2);
  private static cachedPi: Real | undefined;
  private static cachedLn2: Real | undefined;

  /** Value = mantissa · 2^exponent; 2^319 ≤ |mantissa| < 2^320, or both are 0. */
  readonly mantissa: bigint;
  readonly exponent: number;

  private constructor(mantissa: bigint, exponent: number) {
    this.mantissa = mantissa;
    this.exponent = exponent;
  }

  /** The exact value of a float64, or of an integer (beyond 320 bits the nearest Real). */
  static from(x: number | bigint): Real {
    if (typeof x === 'bigint') return Real.scaled(x, 0);
    const { mantissa, exponent } = decompose(x);
    return Real.scaled(mantissa, exponent);
  }

  /** a / b, correctly rounded. RangeError where b is 0. */
  static ratio(a: number | bigint, b: number | bigint): Real {
    return Real.from(a).div(Real.from(b));
  }

  /** 2^n for an integer n. */
  static powerOfTwo(n: number): Real {
    if (!Number.isSafeInteger(n)) throw new RangeError(`${n} is not an integer`);
    return Real.scaled(1n, n);
  }

  static pi(): Real {
    Real.cachedPi ??= Real.scaled(piFixed(workingBits), -workingBits);
    return Real.cachedPi;
  }

  static ln2(): Real {
    Real.cachedLn2 ??= Real.scaled(ln2Fixed(workingBits), -workingBits);
    return Real.cachedLn2;
  }

  /** The Real nearest to mantissa · 2^exponent, half to even. */
  static scaled(mantissa: bigint, exponent: number): Real {
    if (mantissa === 0n) return Real.zero;
    const negative = mantissa < 0n;
    let magnitude = negative ? -mantissa : mantissa;
    const excess = bitLength(magnitude) - precision;
    if (excess > 0) {
      magnitude = shiftRoundEven(magnitude, excess);
      if (magnitude === overflowed) return new Real(negative ? -leading : leading, exponent + excess + 1);
    } else {
      magnitude <<= BigInt(-excess);
    }
    return new Real(negative ? -magnitude : magnitude, exponent + excess);
  }

  private static of(x: Real | number): Real {
    return typeof x === 'number' ? Real.from(x) : x;
  }

  add(other: Real | number): Real {
    const b = Real.of(other);
    if (b.mantissa === 0n) return this;
    if (this.mantissa === 0n) return b;
    const distance = this.exponent - b.exponent;
    // The smaller one is below an eighth of the larger one's last place: it cannot move the rounding.
    if (distance > precision + 2) return this;
    if (distance < -precision - 2) return b;
    return distance >= 0
      ? Real.scaled((this.mantissa << BigInt(distance)) + b.mantissa, b.exponent)
      : Real.scaled(this.mantissa + (b.mantissa << BigInt(-distance)), this.exponent);
  }

  sub(other: Real | number): Real {
    return this.add(Real.of(other).neg());
  }

  mul(other: Real | number): Real {
    const b = Real.of(other);
    return Real.scaled(this.mantissa * b.mantissa, this.exponent + b.exponent);
  }

  /** RangeError where the divisor is 0. */
  div(other: Real | number): Real {
    const b = Real.of(other);
    if (b.mantissa === 0n) throw new RangeError('division by zero');
    const extra = precision + 2;
    const numerator = this.mantissa << BigInt(extra);
    const quotient = numerator / b.mantissa;
    // Two bits more than the result has, and the remainder in a sticky bit: one rounding decides.
    const exact = quotient * b.mantissa === numerator;
    const sticky = exact ? 0n : numerator < 0n === b.mantissa < 0n ? 1n : -1n;
    return Real.scaled(2n * quotient + sticky, this.exponent - b.exponent - extra - 1);
  }

  neg(): Real {
    return this.mantissa === 0n ? this : new Real(-this.mantissa, this.exponent);
  }

  abs(): Real {
    return this.mantissa < 0n ? this.neg() : this;
  }

  /** Correctly rounded. RangeError for a negative number. */
  sqrt(): Real {
    if (this.mantissa < 0n) throw new RangeError('square root of a negative number');
    if (this.mantissa === 0n) return this;
    // An even exponent and a root of 321 or 322 bits: the remainder becomes a sticky bit.
    const shift = this.exponent % 2 === 0 ? 324 : 323;
    const square = this.mantissa << BigInt(shift);
    const root = integerSqrt(square);
    return Real.scaled(2n * root + (root * root === square ? 0n : 1n), (this.exponent - shift) / 2 - 1);
  }

  /** e^this. RangeError where the result is beyond 2^±2^31. */
  exp(): Real {
    if (this.mantissa === 0n || this.top() < -precision - 2) return Real.one;
    if (this.top() >= maxExpBits) throw new RangeError('exp of a number beyond 2^31');
    const { mantissa, exponent } = expFixed(shifted(this.mantissa, workingBits + this.exponent));
    return Real.scaled(mantissa, exponent);
  }

  /** Natural logarithm. RangeError for 0 and below. */
  ln(): Real {
    if (this.mantissa <= 0n) throw new RangeError('logarithm of a number that is not positive');
    const { value, bits } = lnFixed(this.mantissa, this.exponent);
    return Real.scaled(value, -bits);
  }

  /**
   * this^y. Integer exponents go to {@link powInt}. A power of two whose exponent, times y, is an integer
   * within 2^−300 gives exactly that power of two: y = 1/3 is not a Real, 8^(1/3) is 2 all the same.
   * 0^y is 0 for y > 0. RangeError for 0 to a negative power, for a negative number to a power that is not
   * an integer, and for results beyond 2^±2^31.
   */
  pow(y: Real | number): Real {
    const power = Real.of(y);
    const integer = power.smallInteger();
    if (integer !== undefined) return this.powInt(integer);
    if (this.mantissa === 0n && power.mantissa > 0n) return Real.zero;
    if (this.mantissa <= 0n) throw new RangeError('power of a number that is not positive');
    if (this.mantissa === leading) {
      const exact = power.mul(this.exponent + precision - 1).nearInteger();
      if (exact !== undefined) return Real.powerOfTwo(exact);
    }
    const { value, bits } = lnFixed(this.mantissa, this.exponent);
    if (value === 0n) return Real.one;
    const product = value * power.mantissa;
    const shift = workingBits + power.exponent - bits;
    const magnitude = bitLength(product < 0n ? -product : product) + shift;
    if (magnitude > workingBits + maxExpBits) throw new RangeError('power beyond 2^±2^31');
    if (magnitude < 0) return Real.one;
    const { mantissa, exponent } = expFixed(shifted(product, shift));
    return Real.scaled(mantissa, exponent);
  }

  /** this^n for an integer n; 0^0 is 1. Exact where the result has at most 320 bits. RangeError for 0 to a negative power. */
  powInt(n: number): Real {
    if (!Number.isSafeInteger(n)) throw new RangeError(`${n} is not an integer`);
    if (n === 0) return Real.one;
    if (this.mantissa === 0n) {
      if (n < 0) throw new RangeError('division by zero');
      return this;
    }
    const count = Math.abs(n);
    const { odd, exponent } = this.trimmed();
    const magnitude = odd < 0n ? -odd : odd;
    const negative = odd < 0n && count % 2 === 1;
    let power: Real;
    if (magnitude === 1n) power = Real.powerOfTwo(exponent * count);
    else if (bitLength(magnitude) * count <= maxExactBits)
      power = Real.scaled(magnitude ** BigInt(count), exponent * count);
    else power = this.abs().powLarge(count);
    const signed = negative ? power.neg() : power;
    return n < 0 ? Real.one.div(signed) : signed;
  }

  /** this^n by exp and ln, whose error does not grow with n; this > 0 is no power of two. */
  private powLarge(n: number): Real {
    const { value, bits } = lnFixed(this.mantissa, this.exponent);
    const x = shifted(value * BigInt(n), workingBits - bits);
    if (bitLength(x < 0n ? -x : x) > workingBits + maxExpBits) throw new RangeError('power beyond 2^±2^31');
    const { mantissa, exponent } = expFixed(x);
    return Real.scaled(mantissa, exponent);
  }

  cos(): Real {
    return this.trigonometric(1);
  }

  sin(): Real {
    return this.trigonometric(0);
  }

  private trigonometric(quarters: 0 | 1): Real {
    const top = this.top();
    // x⁴ is below the last place: two terms of the series are the value.
    if (this.mantissa === 0n || top < -precision / 2 - 10) {
      const square = this.mul(this);
      return quarters === 1 ? Real.one.sub(square.div(2)) : this.sub(this.mul(square).div(6));
    }
    const { value, bits } = sinFixed(this.mantissa, this.exponent, quarters);
    return Real.scaled(value, -bits);
  }

  /** −1, 0 or 1 as this is less than, equal to or greater than the other. */
  compare(other: Real | number): -1 | 0 | 1 {
    const b = Real.of(other);
    const sign = this.sign();
    if (sign !== b.sign()) return sign > b.sign() ? 1 : -1;
    if (this.exponent !== b.exponent) return this.exponent > b.exponent === sign > 0 ? 1 : -1;
    return this.mantissa > b.mantissa ? 1 : this.mantissa < b.mantissa ? -1 : 0;
  }

  sign(): -1 | 0 | 1 {
    return this.mantissa > 0n ? 1 : this.mantissa < 0n ? -1 : 0;
  }

  isZero(): boolean {
    return this.mantissa === 0n;
  }

  /** Greatest integer that is not above. */
  floor(): bigint {
    return shifted(this.mantissa, this.exponent);
  }

  /** Least integer that is not below. */
  ceil(): bigint {
    return -shifted(-this.mantissa, this.exponent);
  }

  /** The nearest float64; see {@link round}. */
  toNumber(): number {
    return this.round('f64');
  }

  /**
   * The nearest value of a dtype, half to even, as a number: subnormals, ±0 by the sign, and ±Infinity from
   * half a last place above the largest finite value, as IEEE 754 says. The mantissa is rounded to 256 bits
   * first, so that a tie that reached us with an error below 2^−257 is a tie.
   */
  round(dtype: keyof typeof shapes): number {
    if (this.mantissa === 0n) return 0;
    const shape = shapes[dtype];
    const sign = this.mantissa < 0n ? -1 : 1;
    const mantissa = shiftRoundEven(sign < 0 ? -this.mantissa : this.mantissa, precision - decidingBits);
    const exponent = this.exponent + precision - decidingBits;
    const top = exponent + bitLength(mantissa) - 1;
    if (top > shape.maxExponent) return sign * Number.POSITIVE_INFINITY;
    // Exponent of the last place; it stops falling where the subnormals begin.
    const last = Math.max(top, shape.minExponent) - shape.bits + 1;
    if (top < last - 1) return sign * 0;
    const units = Number(shiftRoundEven(mantissa, last - exponent));
    const carried = units === powerOfTwoNumber(shape.bits) ? 1 : 0;
    if (last + shape.bits - 1 + carried > shape.maxExponent) return sign * Number.POSITIVE_INFINITY;
    return sign * units * powerOfTwoNumber(last);
  }

  /** Position of the leading bit: 2^top ≤ |this| < 2^(top + 1). */
  private top(): number {
    return this.exponent + precision - 1;
  }

  /** The odd integer and the exponent of this ≠ 0. */
  private trimmed(): { readonly odd: bigint; readonly exponent: number } {
    const lowest = bitLength(this.mantissa & -this.mantissa) - 1;
    return { odd: this.mantissa >> BigInt(lowest), exponent: this.exponent + lowest };
  }

  private smallInteger(): number | undefined {
    if (this.mantissa === 0n) return 0;
    if (this.top() >= maxExpBits || this.top() < 0) return undefined;
    const { odd, exponent } = this.trimmed();
    return exponent < 0 ? undefined : Number(odd << BigInt(exponent));
  }

  /** The integer within 2^−300 of this, relative to this; |this| < 2^31 and not below 1/2. */
  private nearInteger(): number | undefined {
    const top = this.top();
    if (top >= maxExpBits || top < -1) return undefined;
    const nearest = shifted(shifted(this.mantissa, this.exponent + 1) + 1n, -1);
    const rest = this.sub(Real.from(nearest));
    return rest.isZero() || rest.top() <= top - 300 ? Number(nearest) : undefined;
  }
}
