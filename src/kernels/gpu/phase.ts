import { Real } from '../../numerics/real.js';
import type { FloatDType } from '../../tensor/dtype.js';
import type { TensorSpec } from '../../tensor/spec.js';
import type { Filler } from '../define.js';
import { type Float32Row, float32Row, phaseFiller } from '../phase/filler.js';
import { Rotations } from '../phase/rotations.js';
import { rowSource } from '../phase/sources.js';
import type { AngleRule, PhaseRows, Phases } from '../rows.js';
import { certified, isNarrow } from './certified.js';
import type { GpuEngine, GpuKernel, Kept, Seen, Thread } from './engine.js';

/**
 * cos and sin by angle addition in float32.
 *
 * Every factor x of |x| ≤ 1 comes in two floats: x₁ the nearest multiple of 2^−11 and x₂ = x − x₁, |x₂| ≤ 2^−12.
 * Products of two x₁ are multiples of 2^−22 not above 1 and their sum is one not above 2: both are exact in
 * float32, however a compiler fuses them. The other terms add to less than 2^−10.4 and round below 2^−33; one
 * rounding of the total remains, 2^−25. A compiler for GPUs may add in another order: that is one rounding more, of a
 * product, and 2^−26 where it is large, for then the total is small. No two-sum and no split product is needed.
 */
const grid = 2 ** 11;

/**
 * How far a float32 of this kernel may lie from cos or sin of the angle, before the scale: 2^−25 + 2^−26 and a little
 * where the angle is the product itself, 2^−26 more where it is the product rounded and the sum is corrected.
 */
export const phaseError = 2 ** -24;

/**
 * Angles and positions of float32 and float64 angle rules beyond this are left to the TypeScript kernel: a float32
 * angle is off by up to 2^−5 there, which the correction takes back to within 2^−26; a float64 one by 2^−34.
 */
const maxAngle = 2 ** 20;
const maxPosition: Readonly<Record<AngleRule, number>> = {
  real: 2 ** 53,
  'f32-product': 2 ** 24,
  'f64-quotient': 2 ** 24,
};

/**
 * `turns` holds the rotation of the block, [a₁ | a₂ | b₁ | b₂] of 2 · pairs each, `low` those of the rows within a
 * block, [rows][pairs][p₁ p₂ q₁ q₂].
 */
type Plain = [turns: Float32Array, low: Kept, width: number, pairs: number];
type Corrected = [...Plain, delta: Float32Array];

/**
 * One element of a block of rows, [rows][cos of all pairs, sin of all pairs]: a·p + b·q, where p and q are cos and
 * sin of the row within the block, and a, b are cos, −sin of the block for a cosine and sin, cos for a sine.
 */
function addAngles(this: Thread, ...args: Seen<Plain>): number;
function addAngles(
  this: Thread,
  turns: Float32Array,
  low: Float32Array,
  width: number,
  pairs: number,
): number {
  // Half a step keeps an inexact division on the right side.
  const row = Math.floor((this.thread.x + 0.5) / width);
  const lane = this.thread.x - row * width;
  const pair = lane >= pairs ? lane - pairs : lane;
  const at = 4 * (row * pairs + pair);
  const ah = turns[lane]!;
  const al = turns[lane + width]!;
  const bh = turns[lane + 2 * width]!;
  const bl = turns[lane + 3 * width]!;
  const ph = low[at]!;
  const pl = low[at + 1]!;
  const qh = low[at + 2]!;
  const ql = low[at + 3]!;
  return ah * ph + bh * qh + (ah * pl + bh * ql + (al * (ph + pl) + bl * (qh + ql)));
}

/**
 * The same for the angle p·w − δ: x·cos δ + y·sin δ with y = a·q − b·p, the derivative by −δ. y is one float32 good
 * to 2^−22.4, so for |δ| ≤ 2^−5 the correction errs by less than 2^−26; the series end far below.
 */
function addAnglesCorrected(this: Thread, ...args: Seen<Corrected>): number;
function addAnglesCorrected(
  this: Thread,
  turns: Float32Array,
  low: Float32Array,
  width: number,
  pairs: number,
  delta: Float32Array,
): number {
  const row = Math.floor((this.thread.x + 0.5) / width);
  const lane = this.thread.x - row * width;
  const pair = lane >= pairs ? lane - pairs : lane;
  const at = 4 * (row * pairs + pair);
  const ah = turns[lane]!;
  const al = turns[lane + width]!;
  const bh = turns[lane + 2 * width]!;
  const bl = turns[lane + 3 * width]!;
  const ph = low[at]!;
  const pl = low[at + 1]!;
  const qh = low[at + 2]!;
  const ql = low[at + 3]!;
  const p = ph + pl;
  const q = qh + ql;
  const x1 = ah * ph + bh * qh;
  const x2 = ah * pl + bh * ql + (al * p + bl * q);
  const y = (ah + al) * q - (bh + bl) * p;
  const d = delta[row * pairs + pair]!;
  const m = d * d;
  const sinMinus = m * (m * (1 / 120) - 1 / 6);
  const cosMinus = m * (m * (1 / 24) - 0.5);
  return x1 + (x2 + (y * (d + d * sinMinus) + (x1 + x2) * cosMinus));
}

/** The coarse part of x; what is left is the fine one. */
function coarse(x: number): number {
  return Math.round(x * grid) / grid;
}

/** The two kernels, translated once an engine. */
interface PhaseKernels {
  readonly plain: GpuKernel<Plain>;
  readonly corrected: GpuKernel<Corrected>;
}

function scaleOf({ scale }: Phases, angle: AngleRule): number {
  return angle === 'f32-product' ? Math.fround(scale.toNumber()) : scale.toNumber();
}

/** Rows of one set of phases, a block of them at a time. */
class GpuRows implements Float32Row {
  private readonly pairs: number;
  private readonly seed: Float64Array;
  private readonly scale: number;
  private readonly turns: Float32Array;
  private readonly low: Kept;
  /** For `f32-product`: w, and δ = p·w − f32(p·w), which is exact in float64. */
  private readonly w: Float64Array;
  private readonly delta: Float32Array;
  private block = -1;
  private values: Float32Array = new Float32Array(0);

  constructor(
    engine: GpuEngine,
    private readonly kernels: PhaseKernels,
    phases: Phases,
    private readonly rotations: Rotations,
    private readonly angle: AngleRule,
  ) {
    const { frequencies } = phases;
    this.pairs = frequencies.length;
    this.scale = scaleOf(phases, angle);
    this.seed = new Float64Array(4 * this.pairs);
    this.turns = new Float32Array(8 * this.pairs);
    this.low = engine.keep(this.lowTable());
    this.w = Float64Array.from(frequencies, (frequency) => frequency.toNumber());
    this.delta = new Float32Array(angle === 'f32-product' ? this.pairs * this.rotations.blockRows : 0);
  }

  row(position: number, cos: Float32Array, sin: Float32Array): void {
    const { pairs, scale } = this;
    const { blockRows } = this.rotations;
    const block = Math.floor(position / blockRows);
    if (block !== this.block) this.enter(block);
    const at = 2 * pairs * (position - block * blockRows);
    if (scale === 1) {
      cos.set(this.values.subarray(at, at + pairs));
      sin.set(this.values.subarray(at + pairs, at + 2 * pairs));
      return;
    }
    for (let j = 0; j < pairs; j++) {
      cos[j] = this.values[at + j]! * scale;
      sin[j] = this.values[at + pairs + j]! * scale;
    }
  }

  private lowTable(): Float32Array {
    const { cosLow, sinLow } = this.rotations;
    const low = new Float32Array(4 * cosLow.length);
    for (let i = 0; i < cosLow.length; i++) {
      const [p, q] = [cosLow[i]!, sinLow[i]!];
      low[4 * i] = coarse(p);
      low[4 * i + 1] = p - coarse(p);
      low[4 * i + 2] = coarse(q);
      low[4 * i + 3] = q - coarse(q);
    }
    return low;
  }

  private enter(block: number): void {
    const { turns, low, seed, pairs } = this;
    const width = 2 * pairs;
    this.rotations.seed(block, seed);
    const set = (lane: number, a: number, b: number) => {
      turns[lane] = coarse(a);
      turns[lane + width] = a - coarse(a);
      turns[lane + 2 * width] = coarse(b);
      turns[lane + 3 * width] = b - coarse(b);
    };
    for (let j = 0; j < pairs; j++) {
      const cos = seed[4 * j]!;
      const sin = seed[4 * j + 2]!;
      set(j, cos, -sin);
      set(pairs + j, sin, cos);
    }
    const size = width * this.rotations.blockRows;
    if (this.angle === 'f32-product') {
      this.correct(block);
      this.values = this.kernels.corrected(size, turns, low, width, pairs, this.delta);
    } else {
      this.values = this.kernels.plain(size, turns, low, width, pairs);
    }
    this.block = block;
  }

  private correct(block: number): void {
    const { w, delta, pairs } = this;
    const { blockRows } = this.rotations;
    for (let row = 0, at = 0; row < blockRows; row++) {
      const position = block * blockRows + row;
      for (let j = 0; j < pairs; j++, at++) {
        const product = position * w[j]!;
        delta[at] = product - Math.fround(product);
      }
    }
  }
}

/** Whether the angles of these phases stay where the kernel's bound holds. */
function withinReach(angle: AngleRule, phases: Phases, end: number): boolean {
  if (end > maxPosition[angle]) return false;
  if (angle === 'real') return true;
  return phases.frequencies.every((frequency) => {
    const w = Math.abs(frequency.toNumber());
    return (angle === 'f64-quotient' ? end / w : end * w) <= maxAngle;
  });
}

/**
 * How far a value of these rows may lie from the float32 value of the reference, which without a scale is rounded
 * once, by 2^−25. A scale adds a rounding of the product on both sides, by 2^−24 of it each. Some room is left:
 * a quarter of the kernel's own bound, and as much again for the scale.
 */
function distanceFromReference(scale: number): number {
  const rounded = 1.25 * phaseError + 2 ** -25;
  return scale === 1 ? rounded : Math.abs(scale) * (rounded + 2 ** -22);
}

/** The rotations of phases, for an angle rule whose frequencies may be divisors. */
function rotationsOf({ frequencies }: Phases, angle: AngleRule): Rotations {
  return new Rotations(
    angle === 'f64-quotient' ? frequencies.map((divisor) => Real.one.div(divisor)) : frequencies,
  );
}

/**
 * Makes the gpu kernel of phase tables: float32 within `phaseError` of cos and sin of the angle, then times the
 * scale, then widened to the dtype; for the narrow dtypes the reference bytes. null for lists of positions, which
 * share no block, and for positions beyond 2^24 or angles beyond 2^20 where the angle rule rounds.
 */
export function phaseOn(engine: GpuEngine): (rows: PhaseRows, spec: TensorSpec) => Filler | null {
  const kernels: PhaseKernels = {
    plain: engine.kernel<Plain>(addAngles),
    corrected: engine.kernel<Corrected>(addAnglesCorrected),
  };
  const rowsOf = (phases: Phases, angle: AngleRule, dtype: FloatDType): Float32Row => {
    if (!isNarrow(dtype)) return new GpuRows(engine, kernels, phases, rotationsOf(phases, angle), angle);
    const sure = rowSource(angle, phases, dtype);
    const fast = new GpuRows(engine, kernels, phases, sure.rotations, angle);
    const error = distanceFromReference(scaleOf(phases, angle));
    return certified(fast, sure, phases.frequencies.length, dtype, error);
  };
  return (rows, spec) => {
    const { positions, angle, below } = rows;
    if (positions.kind === 'list') return null;
    const end = positions.start + positions.length;
    const sets = below ? [rows.phases, below.phases] : [rows.phases];
    if (!sets.every((phases) => phases.frequencies.length > 0 && withinReach(angle, phases, end)))
      return null;
    return phaseFiller(rows, spec, (phases, dtype) =>
      float32Row(rowsOf(phases, angle, dtype), phases.frequencies.length, dtype),
    );
  };
}
