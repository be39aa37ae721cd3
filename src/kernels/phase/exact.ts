import { rotate } from '../../numerics/angle.js';
import { Real } from '../../numerics/real.js';
import { bfloat16FromFloat64, bfloat16ToNumber } from '../../tensor/bfloat16.js';
import type { FloatDType } from '../../tensor/dtype.js';
import { float16FromFloat64, float16ToNumber } from '../../tensor/float16.js';
import type { Phases } from '../rows.js';
import type { BlockSource, Values } from './blocks.js';
import { Rotations } from './rotations.js';

/**
 * Bound of the float64 angle addition C = c₁c₂ − s₁s₂ with rounded factors: (|c₁c₂| + |s₁s₂|)·3u + |C|·u ≤ 4u,
 * u = 2^−53, one u more because C ± bound is itself rounded, perhaps inwards, and a little for the seeds' own
 * double-double error. Times the scale, which the seeds carry.
 */
const additionBound = 5.6e-16;
/** Relative bound of a double-double value made from `Angle.sincos` and at most one scaling. */
const directBound = 2 ** -88;
/** Absolute bound, at scale 1, of a double-double value made from three rotations (see Rotations). */
const rotationBound = 2 ** -78;
/** Below it the low part of a double-double falls out of float64's range, and the bounds no longer hold. */
const leastDoubleDouble = 2 ** -960;

/** Counts of how values were decided, for tests that check the proof's arithmetic against practice. */
export interface Decisions {
  /** Elements looked at again in double-double. */
  doubleDouble: number;
  /** Elements decided at 256 bits. */
  reference: number;
}

/** Rounds a float64 to the dtype's nearest value, half to even, as a number. */
const roundings: Readonly<Record<FloatDType, (x: number) => number>> = {
  f64: (x) => x,
  f32: Math.fround,
  f16: (x) => float16ToNumber(float16FromFloat64(x)),
  bf16: (x) => bfloat16ToNumber(bfloat16FromFloat64(x)),
};

/**
 * Veltkamp's splitting, without a call for each dtype: in the dtype's normal range x·(2^k + 1) leaves the 53 − k
 * leading bits of x. A tie may go either way, which a check on both sides of it sees.
 */
interface Splitting {
  readonly factor: number;
  /** Values of at least this size, and below `most`, stay in the normal range whatever their bound. */
  readonly least: number;
  readonly most: number;
}

const splittings: Readonly<Record<FloatDType, Splitting>> = {
  f64: { factor: 1, least: 0, most: 0 },
  f32: { factor: 2 ** 29 + 1, least: 2 ** -100, most: 2 ** 100 },
  f16: { factor: 2 ** 42 + 1, least: 2 ** -13, most: 2 ** 14 },
  bf16: { factor: 2 ** 45 + 1, least: 2 ** -100, most: 2 ** 100 },
};

function leadingBits(x: number, factor: number): number {
  const t = x * factor;
  return t - (t - x);
}

/**
 * One row at a time of scale · cos and scale · sin of the real angle p · ω, each the correctly rounded value of
 * the dtype, as numbers.
 *
 * A float64 value y with a proven bound ε is rounded at once where y − ε and y + ε round alike; otherwise the
 * element is evaluated in double-double, and where that leaves a doubt, at 256 bits: what is undecided there is
 * a tie, and goes to even.
 */
export class ExactRow implements BlockSource {
  readonly decisions: Decisions = { doubleDouble: 0, reference: 0 };
  readonly rotations: Rotations;
  readonly maxPosition: number;
  /** The rotations to the current block, scaled, in double-double ([pairs][4]) and as float64. */
  readonly seed: Float64Array;
  readonly cosHigh: Float64Array;
  readonly sinHigh: Float64Array;
  /** Bounds of cos and sin of each pair in the current block. */
  readonly cosBound: Float64Array;
  readonly sinBound: Float64Array;
  /** For f64: a sine below it is decided by itself. */
  readonly sinLeast: Float64Array;
  private readonly omega: Float64Array;
  private readonly scale: Real;
  private readonly scaleHigh: number;
  private readonly scaleLow: number;
  private readonly scaleIsOne: boolean;
  private readonly splitting: Splitting;
  private readonly value = new Float64Array(4);
  private block = -1;

  constructor(
    phases: Phases,
    private readonly dtype: FloatDType,
  ) {
    const pairs = phases.frequencies.length;
    this.rotations = new Rotations(phases.frequencies);
    // The block of the last position would end beyond the safe integers.
    this.maxPosition = Number.MAX_SAFE_INTEGER - this.rotations.blockRows + 1;
    this.omega = Float64Array.from(phases.frequencies, (frequency) => Math.abs(frequency.toNumber()));
    this.scale = phases.scale;
    this.scaleHigh = phases.scale.toNumber();
    this.scaleLow = phases.scale.sub(this.scaleHigh).toNumber();
    this.scaleIsOne = this.scaleHigh === 1 && this.scaleLow === 0;
    this.splitting = splittings[dtype];
    this.seed = new Float64Array(4 * pairs);
    this.cosHigh = new Float64Array(pairs);
    this.sinHigh = new Float64Array(pairs);
    this.cosBound = new Float64Array(pairs);
    this.sinBound = new Float64Array(pairs);
    this.sinLeast = this.omega.map((omega) => (omega === 0 ? 0 : leastDoubleDouble));
  }

  /** Writes the values of every pair at `position` (an integer or a fraction, ≥ 0). */
  row(position: number, cos: Values, sin: Values): void {
    const { blockRows } = this.rotations;
    if (!Number.isInteger(position) || position >= this.maxPosition) {
      for (let j = 0; j < this.omega.length; j++) this.element(position, j, cos, sin);
      return;
    }
    const block = Math.floor(position / blockRows);
    this.enter(block);
    const low = position - block * blockRows;
    if (this.dtype === 'f64') this.doubleDoubleRow(position, low, cos, sin);
    else this.fastRow(position, low, cos, sin);
  }

  enter(block: number): void {
    if (block === this.block) return;
    this.block = block;
    this.rotations.seed(block, this.seed);
    const last = (block + 1) * this.rotations.blockRows;
    const scale = Math.abs(this.scaleHigh);
    for (let j = 0; j < this.omega.length; j++) {
      const k = 4 * j;
      if (!this.scaleIsOne) {
        scaled(this.seed, k, this.scaleHigh, this.scaleLow);
        scaled(this.seed, k + 2, this.scaleHigh, this.scaleLow);
      }
      this.cosHigh[j] = this.seed[k]!;
      this.sinHigh[j] = this.seed[k + 2]!;
      const bound = scale * (this.dtype === 'f64' ? rotationBound : additionBound);
      this.cosBound[j] = this.omega[j] === 0 && this.scaleIsOne ? 0 : bound;
      // Both products of a sine are at most the angle while it is small, and so is the bound.
      this.sinBound[j] = bound * Math.min(1, last * this.omega[j]!);
    }
  }

  private fastRow(position: number, low: number, cos: Values, sin: Values): void {
    const { cosLow, sinLow } = this.rotations;
    const { cosHigh, sinHigh, cosBound, sinBound } = this;
    const { factor, least, most } = this.splitting;
    const pairs = this.omega.length;
    const base = low * pairs;
    for (let j = 0; j < pairs; j++) {
      const c1 = cosHigh[j]!;
      const s1 = sinHigh[j]!;
      const c2 = cosLow[base + j]!;
      const s2 = sinLow[base + j]!;
      const c = c1 * c2 - s1 * s2;
      const s = s1 * c2 + c1 * s2;
      const cosSize = Math.abs(c);
      const sinSize = Math.abs(s);
      const normal = cosSize >= least && cosSize < most && sinSize >= least && sinSize < most;
      const cosUp = leadingBits(c + cosBound[j]!, factor);
      const sinUp = leadingBits(s + sinBound[j]!, factor);
      const cosSure = cosUp === leadingBits(c - cosBound[j]!, factor);
      const sinSure = sinUp === leadingBits(s - sinBound[j]!, factor);
      if (normal && cosSure && sinSure) {
        cos[j] = cosUp;
        sin[j] = sinUp;
      } else {
        this.look(position, j, c, s, cos, sin);
      }
    }
  }

  /** The same check by the dtype's own rounding, for values of any size. */
  private look(position: number, j: number, c: number, s: number, cos: Values, sin: Values): void {
    const round = roundings[this.dtype];
    const cosUp = round(c + this.cosBound[j]!);
    const sinUp = round(s + this.sinBound[j]!);
    // A value that rounds to 0 keeps its sign, which must not be in doubt either.
    if (
      cosUp === round(c - this.cosBound[j]!) &&
      sinUp === round(s - this.sinBound[j]!) &&
      cosUp !== 0 &&
      (sinUp !== 0 || Math.abs(s) >= this.sinBound[j]!)
    ) {
      cos[j] = cosUp;
      sin[j] = sinUp;
    } else {
      this.element(position, j, cos, sin);
    }
  }

  /** For f64: the angle addition itself in double-double, looked at again only where it leaves a doubt. */
  private doubleDoubleRow(position: number, low: number, cos: Values, sin: Values): void {
    const { value, seed, rotations } = this;
    const pairs = this.omega.length;
    for (let j = 0; j < pairs; j++) {
      rotate(seed, 4 * j, rotations.low, 4 * (low * pairs + j), value, 0);
      const cosBound = this.cosBound[j]!;
      const sinBound = this.sinBound[j]!;
      const cosSure = value[0]! + (value[1]! + cosBound) === value[0]! + (value[1]! - cosBound);
      const sinSure =
        value[2]! + (value[3]! + sinBound) === value[2]! + (value[3]! - sinBound) &&
        Math.abs(value[2]!) >= this.sinLeast[j]!;
      if (cosSure && sinSure) {
        cos[j] = value[0]! + value[1]!;
        sin[j] = value[2]! + value[3]!;
      } else {
        this.element(position, j, cos, sin);
      }
    }
  }

  element(position: number, j: number, cos: Values, sin: Values): void {
    const { value } = this;
    const angle = this.rotations.angle(j);
    if (position === 0 || angle.frequency.isZero()) {
      cos[j] = this.scale.round(this.dtype);
      sin[j] = 0;
      return;
    }
    this.decisions.doubleDouble++;
    angle.sincos(position, value, 0);
    if (!this.scaleIsOne) {
      scaled(value, 0, this.scaleHigh, this.scaleLow);
      scaled(value, 2, this.scaleHigh, this.scaleLow);
    }
    cos[j] = this.rounded(value[0]!, value[1]!) ?? this.reference(angle.cosReal(position));
    sin[j] = this.rounded(value[2]!, value[3]!) ?? this.reference(angle.sinReal(position));
  }

  private reference(real: Real): number {
    this.decisions.reference++;
    return this.scale.mul(real).round(this.dtype);
  }

  /** The dtype's nearest value to high + low, or null where the bound leaves it open. */
  private rounded(high: number, low: number): number | null {
    const bound = directBound * Math.abs(high);
    if (this.dtype === 'f64') {
      if (Math.abs(high) < leastDoubleDouble) return null;
      const up = high + (low + bound);
      return up === high + (low - bound) ? up : null;
    }
    // The midpoints of a narrower dtype are float64 values: only where one is next to `high` can `low` matter.
    const step = Math.abs(high) * Number.EPSILON;
    const round = roundings[this.dtype];
    const up = round(high + step);
    if (up === round(high - step)) return up;
    return Math.abs(low) <= bound ? null : Real.from(high).add(low).round(this.dtype);
  }
}

/** (x[k], x[k + 1]) · (high, low) in place, in double-double. */
function scaled(x: Float64Array, k: number, high: number, low: number): void {
  const a = x[k]!;
  const product = a * high;
  const ta = 134217729 * a;
  const ah = ta - (ta - a);
  const al = a - ah;
  const tb = 134217729 * high;
  const bh = tb - (tb - high);
  const bl = high - bh;
  const rest = ah * bh - product + ah * bl + al * bh + al * bl + (a * low + x[k + 1]! * high);
  const sum = product + rest;
  x[k] = sum;
  x[k + 1] = rest - (sum - product);
}
