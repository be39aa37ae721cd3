import { bfloat16FromFloat64 } from '../../tensor/bfloat16.js';
import type { FloatDType } from '../../tensor/dtype.js';
import { float16FromFloat64 } from '../../tensor/float16.js';
import type { Lanes } from '../phase/filler.js';
import type { PhaseRows, PhaseRun } from '../rows.js';

/** The tags of assembly/shape.ts, in order: neighbours, then turn by turn. */
const shapes = ['cos cos', 'sin sin', 'cos sin', 'cos/cos', 'sin/sin', 'cos/sin', 'sin/cos'];

/** Pairs first … first + count − 1 of a row as one call writes them. */
export interface Pass {
  /** The number of a shape. */
  readonly shape: number;
  readonly first: number;
  readonly count: number;
  /** Lanes where the first pair goes. */
  readonly x: number;
  readonly y: number;
}

/** Two runs of the same pairs as one pass, as far as both reach; null where no shape fits. */
function joined(a: PhaseRun, b: PhaseRun): Pass | null {
  const { first } = a;
  const count = Math.min(a.count, b.count);
  if (b.first !== first) return null;
  // One pair alone has no stride.
  if (count === 1 || (a.stride === 1 && b.stride === 1)) {
    const [x, y] = a.trig === 'sin' && b.trig === 'cos' ? [b, a] : [a, b];
    return { shape: shapes.indexOf(`${x.trig} ${y.trig}`), first, count, x: x.offset, y: y.offset };
  }
  const [x, y] = a.offset < b.offset ? [a, b] : [b, a];
  if (a.stride !== 2 || b.stride !== 2 || y.offset !== x.offset + 1) return null;
  return { shape: shapes.indexOf(`${x.trig}/${y.trig}`), first, count, x: x.offset, y: y.offset };
}

/** What is left of a run behind its first `done` pairs. */
function rest(run: PhaseRun, done: number): PhaseRun[] {
  const { offset, stride, first, count } = run;
  return count === done
    ? []
    : [{ ...run, offset: offset + stride * done, first: first + done, count: count - done }];
}

/** Passes that write all runs, or null where a run fits no shape. */
function passesOf(runs: readonly PhaseRun[]): Pass[] | null {
  const passes: Pass[] = [];
  const left = runs.flatMap((run) => rest(run, 0));
  for (let run = left.shift(); run; run = left.shift()) {
    const a = run;
    const at = left.findIndex((other) => joined(a, other) !== null);
    const [b = a] = at < 0 ? [] : left.splice(at, 1);
    const pass = joined(a, b);
    if (!pass) return null;
    passes.push(pass);
    left.push(...rest(a, pass.count), ...rest(b, pass.count));
  }
  return passes;
}

/** A number as the dtype's lanes hold it. */
const stored: Readonly<Record<FloatDType, (value: number) => number>> = {
  f64: (value) => value,
  f32: (value) => value,
  f16: float16FromFloat64,
  bf16: bfloat16FromFloat64,
};

/** How the kernels write the rows of a phase table, and how single elements are put into them. */
export class PhaseLayout {
  readonly width: number;
  private readonly runs: readonly PhaseRun[];
  private readonly zeros: readonly PhaseRun[];

  private constructor(
    { width, runs }: PhaseRows,
    readonly passes: readonly Pass[],
  ) {
    this.width = width;
    this.runs = runs.filter(({ trig }) => trig !== 'zero');
    this.zeros = runs.filter(({ trig, count }) => trig === 'zero' && count > 0);
  }

  /** null where the kernels have no shape for the runs, or the runs leave a gap. */
  static of(rows: PhaseRows): PhaseLayout | null {
    if (rows.runs.reduce((sum, { count }) => sum + count, 0) !== rows.width) return null;
    const passes = passesOf(rows.runs.filter(({ trig }) => trig !== 'zero'));
    return passes && new PhaseLayout(rows, passes);
  }

  get hasZeros(): boolean {
    return this.zeros.length > 0;
  }

  /** Writes the zeros of all rows in `lanes`. */
  clear(lanes: Lanes): void {
    for (const { offset, stride, count } of this.zeros) {
      for (let at = offset; at < lanes.length; at += this.width) {
        for (let i = 0; i < count; i++) lanes[at + i * stride] = 0;
      }
    }
  }

  /** Writes cos and sin of one pair into a row. */
  put(lanes: Lanes, row: number, pair: number, dtype: FloatDType, cos: number, sin: number): void {
    for (const { trig, offset, stride, first, count } of this.runs) {
      if (pair < first || pair >= first + count) continue;
      const at = row * this.width + offset + stride * (pair - first);
      lanes[at] = stored[dtype](trig === 'cos' ? cos : sin);
    }
  }
}
