import { Angle } from '../../numerics/angle.js';
import { Real } from '../../numerics/real.js';
import type { Phases } from '../rows.js';
import type { BlockSource, Values } from './blocks.js';
import { Rotations } from './rotations.js';

/**
 * Beyond these the float32 angle no longer comes from an exact product of a 24-bit position and a 24-bit
 * frequency, or the correction below would need more terms: elements are then evaluated one by one.
 */
const maxPosition = 2 ** 24;
const maxAngle = 2 ** 24;
/** Largest angles for which the correction's short and middle series err by less than 2^−56. */
const shortAngle = 2 ** 7;
const middleAngle = 2 ** 17;

/** What a row is computed from: the frequencies, the rotations to the block, and those within it, [B][pairs]. */
export interface Terms {
  /** Frequencies, or divisors. */
  readonly w: Float64Array;
  readonly cosHigh: Float64Array;
  readonly sinHigh: Float64Array;
  readonly cosLow: Float64Array;
  readonly sinLow: Float64Array;
}

/** Writes cos and sin of pairs from … to − 1 at a position, whose row of the low rotations begins at `base`. */
type SeriesKernel = (
  terms: Terms,
  position: number,
  base: number,
  from: number,
  to: number,
  cos: Float32Array,
  sin: Float32Array,
) => void;

/** The terms of sin δ and 1 − cos δ that an angle needs; `single` angles are taken one by one. */
export type Series = 'short' | 'middle' | 'long' | 'single';

/** Pairs that take the same series in the current block. */
export interface Stretch {
  readonly series: Series;
  readonly from: number;
  readonly to: number;
}

const unit = new Angle(Real.one);
const single = new Float64Array(4);

/**
 * One row at a time of cos and sin in the `transformers` profile: float32 values of the float32 angle
 * a = f32(f32(p) · w), scaled by a float32.
 *
 * For p = block · B + low, C + iS = e^{i·p·w} comes from two table rotations in float64 (error below 3.3e-16).
 * p·w is exact in float64, so δ = p·w − a is exact, |δ| ≤ ulp(a)/2, and
 * cos a = C + (S·sin δ + C·(cos δ − 1)), sin a = S + (S·(cos δ − 1) − C·sin δ): the correction is small, so its
 * own rounding does not count, and the value before its one rounding to float32 is within 4e-16 of the truth.
 */
export class FrameworkProductRow implements BlockSource {
  readonly rotations: Rotations;
  readonly maxPosition = maxPosition;
  readonly terms: Terms;
  readonly scale: number;
  /** Of the current block. */
  stretches: readonly Stretch[] = [];
  private readonly seed: Float64Array;
  private block = -1;

  constructor(phases: Phases) {
    const pairs = phases.frequencies.length;
    this.rotations = new Rotations(phases.frequencies);
    this.terms = {
      w: Float64Array.from(phases.frequencies, (frequency) => frequency.toNumber()),
      cosHigh: new Float64Array(pairs),
      sinHigh: new Float64Array(pairs),
      cosLow: this.rotations.cosLow,
      sinLow: this.rotations.sinLow,
    };
    this.scale = Math.fround(phases.scale.toNumber());
    this.seed = new Float64Array(4 * pairs);
  }

  /** Writes cos and sin of every pair at `position` (an integer or a fraction, ≥ 0). */
  row(position: number, cos: Float32Array, sin: Float32Array): void {
    const { pairs, blockRows } = this.rotations;
    if (Number.isInteger(position) && position < maxPosition) {
      const block = Math.floor(position / blockRows);
      this.enter(block);
      const base = (position - block * blockRows) * pairs;
      for (const { series, from, to } of this.stretches) {
        kernels[series](this.terms, position, base, from, to, cos, sin);
      }
    } else {
      singles(this.terms, Math.fround(position), 0, 0, pairs, cos, sin);
    }
    if (this.scale !== 1) {
      for (let j = 0; j < pairs; j++) {
        cos[j] = cos[j]! * this.scale;
        sin[j] = sin[j]! * this.scale;
      }
    }
  }

  element(position: number, j: number, cos: Values, sin: Values): void {
    unit.sincos(Math.fround(Math.fround(position) * this.terms.w[j]!), single, 0);
    cos[j] = Math.fround(Math.fround(single[0]!) * this.scale);
    sin[j] = Math.fround(Math.fround(single[2]!) * this.scale);
  }

  enter(block: number): void {
    if (block === this.block) return;
    this.block = block;
    this.rotations.seed(block, this.seed);
    const { pairs, blockRows } = this.rotations;
    const { w, cosHigh, sinHigh } = this.terms;
    const last = (block + 1) * blockRows;
    const stretches: { series: Series; from: number; to: number }[] = [];
    for (let j = 0; j < pairs; j++) {
      cosHigh[j] = this.seed[4 * j]!;
      sinHigh[j] = this.seed[4 * j + 2]!;
      const series = seriesFor(last * Math.abs(w[j]!));
      const open = stretches.at(-1);
      if (open?.series === series) open.to = j + 1;
      else stretches.push({ series, from: j, to: j + 1 });
    }
    this.stretches = stretches;
  }
}

/** The shortest series that is accurate up to an angle. */
function seriesFor(angle: number): Series {
  if (angle < shortAngle) return 'short';
  if (angle < middleAngle) return 'middle';
  return angle < maxAngle ? 'long' : 'single';
}

/** cos and sin of the float32 angle itself, from double-double. */
const singles: SeriesKernel = ({ w }, position, _base, from, to, cos, sin) => {
  for (let j = from; j < to; j++) {
    unit.sincos(Math.fround(position * w[j]!), single, 0);
    cos[j] = single[0]!;
    sin[j] = single[2]!;
  }
};

/** |δ| ≤ 2^−18: sin δ − δ and cos δ − 1 + δ²/2 are below 2^−56. */
const shortSeries: SeriesKernel = (terms, position, base, from, to, cos, sin) => {
  const { w, cosHigh, sinHigh, cosLow, sinLow } = terms;
  for (let j = from; j < to; j++) {
    const c1 = cosHigh[j]!;
    const s1 = sinHigh[j]!;
    const c2 = cosLow[base + j]!;
    const s2 = sinLow[base + j]!;
    const c = c1 * c2 - s1 * s2;
    const s = s1 * c2 + c1 * s2;
    const product = position * w[j]!;
    const d = product - Math.fround(product);
    const m = d * d * -0.5;
    cos[j] = c + (s * d + c * m);
    sin[j] = s + (s * m - c * d);
  }
};

/** |δ| ≤ 2^−8: the next terms are δ⁶/720 and δ⁷/5040, below 2^−57. */
const middleSeries: SeriesKernel = (terms, position, base, from, to, cos, sin) => {
  const { w, cosHigh, sinHigh, cosLow, sinLow } = terms;
  for (let j = from; j < to; j++) {
    const c1 = cosHigh[j]!;
    const s1 = sinHigh[j]!;
    const c2 = cosLow[base + j]!;
    const s2 = sinLow[base + j]!;
    const c = c1 * c2 - s1 * s2;
    const s = s1 * c2 + c1 * s2;
    const product = position * w[j]!;
    const d = product - Math.fround(product);
    const q = d * d;
    const m = q * (q * (1 / 24) - 0.5);
    const e = d + d * q * (q * (1 / 120) - 1 / 6);
    cos[j] = c + (s * e + c * m);
    sin[j] = s + (s * m - c * e);
  }
};

/** |δ| ≤ 1/2: the next terms are δ¹⁶/16! and δ¹⁷/17!, below 2^−60. */
const longSeries: SeriesKernel = (terms, position, base, from, to, cos, sin) => {
  const { w, cosHigh, sinHigh, cosLow, sinLow } = terms;
  for (let j = from; j < to; j++) {
    const c1 = cosHigh[j]!;
    const s1 = sinHigh[j]!;
    const c2 = cosLow[base + j]!;
    const s2 = sinLow[base + j]!;
    const c = c1 * c2 - s1 * s2;
    const s = s1 * c2 + c1 * s2;
    const product = position * w[j]!;
    const d = product - Math.fround(product);
    const q = d * d;
    let m = q * (-1 / 87178291200) + 1 / 479001600;
    m = m * q - 1 / 3628800;
    m = m * q + 1 / 40320;
    m = m * q - 1 / 720;
    m = m * q + 1 / 24;
    m = (m * q - 0.5) * q;
    let e = q * (-1 / 1307674368000) + 1 / 6227020800;
    e = e * q - 1 / 39916800;
    e = e * q + 1 / 362880;
    e = e * q - 1 / 5040;
    e = e * q + 1 / 120;
    e = d + (e * q - 1 / 6) * q * d;
    cos[j] = c + (s * e + c * m);
    sin[j] = s + (s * m - c * e);
  }
};

const kernels: Readonly<Record<Series, SeriesKernel>> = {
  short: shortSeries,
  middle: middleSeries,
  long: longSeries,
  single: singles,
};

/** 2^27 + 1, Dekker's splitting factor for float64. */
const splitter = 134217729;

/**
 * One row at a time of cos and sin of a = f64(p / divisor), rounded to float32: what numpy-built sinusoids hold.
 *
 * As above, with δ = p/divisor − a = (p − a·divisor)/divisor; the remainder is exact (Dekker's product), and for
 * a < 2^24 |δ| ≤ 2^−30, so cos a = C + S·δ and sin a = S − C·δ to within 2^−61.
 */
export class FrameworkQuotientRow implements BlockSource {
  readonly rotations: Rotations;
  readonly maxPosition = 2 ** 52;
  readonly terms: Terms;
  private readonly seed: Float64Array;
  private block = -1;

  constructor(phases: Phases) {
    const pairs = phases.frequencies.length;
    this.rotations = new Rotations(phases.frequencies.map((divisor) => Real.one.div(divisor)));
    this.terms = {
      w: Float64Array.from(phases.frequencies, (divisor) => divisor.toNumber()),
      cosHigh: new Float64Array(pairs),
      sinHigh: new Float64Array(pairs),
      cosLow: this.rotations.cosLow,
      sinLow: this.rotations.sinLow,
    };
    this.seed = new Float64Array(4 * pairs);
  }

  /** Writes cos and sin of every pair at `position` (an integer or a fraction, ≥ 0). */
  row(position: number, cos: Float32Array, sin: Float32Array): void {
    const { pairs, blockRows } = this.rotations;
    const { w, cosHigh, sinHigh, cosLow, sinLow } = this.terms;
    const whole = Number.isInteger(position) && position < this.maxPosition;
    const block = Math.floor(position / blockRows);
    if (whole) this.enter(block);
    const base = (position - block * blockRows) * pairs;
    for (let j = 0; j < pairs; j++) {
      if (!whole || this.isSingle(position, j)) {
        this.element(position, j, cos, sin);
        continue;
      }
      const divisor = w[j]!;
      const a = position / divisor;
      const c1 = cosHigh[j]!;
      const s1 = sinHigh[j]!;
      const c2 = cosLow[base + j]!;
      const s2 = sinLow[base + j]!;
      const c = c1 * c2 - s1 * s2;
      const s = s1 * c2 + c1 * s2;
      const product = a * divisor;
      const ta = splitter * a;
      const ah = ta - (ta - a);
      const al = a - ah;
      const td = splitter * divisor;
      const dh = td - (td - divisor);
      const dl = divisor - dh;
      const rest = ah * dh - product + ah * dl + al * dh + al * dl;
      const d = (position - product - rest) / divisor;
      cos[j] = c + s * d;
      sin[j] = s - c * d;
    }
  }

  /** Whether the angle of pair j is too large for the correction; then only {@link element} computes it. */
  isSingle(position: number, j: number): boolean {
    return position / this.terms.w[j]! >= maxAngle;
  }

  element(position: number, j: number, cos: Values, sin: Values): void {
    unit.sincos(position / this.terms.w[j]!, single, 0);
    cos[j] = Math.fround(single[0]!);
    sin[j] = Math.fround(single[2]!);
  }

  enter(block: number): void {
    if (block === this.block) return;
    this.block = block;
    this.rotations.seed(block, this.seed);
    const { cosHigh, sinHigh } = this.terms;
    for (let j = 0; j < this.rotations.pairs; j++) {
      cosHigh[j] = this.seed[4 * j]!;
      sinHigh[j] = this.seed[4 * j + 2]!;
    }
  }
}
