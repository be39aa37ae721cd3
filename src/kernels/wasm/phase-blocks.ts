import { dtypes, type FloatDType } from '../../tensor/dtype.js';
import type { Values } from '../phase/blocks.js';
import type { ExactRow } from '../phase/exact.js';
import { type Lanes, lanesOf } from '../phase/filler.js';
import { FrameworkProductRow, FrameworkQuotientRow, type Series, type Terms } from '../phase/framework.js';
import type { RowSource } from '../phase/sources.js';
import { dtypeNumbers, type WasmEngine } from './engine.js';
import type { Pass, PhaseLayout } from './phase-layout.js';
import { Resident } from './resident.js';

/** The fields of assembly/task.ts, in order, with what they are where a kernel does not look. */
const idle = {
  position: 0,
  rows: 0,
  from: 0,
  to: 0,
  end: 0,
  cosHigh: 0,
  sinHigh: 0,
  cosLow: 0,
  sinLow: 0,
  lowStride: 0,
  x: 0,
  y: 0,
  rowBytes: 0,
  w: 0,
  scale: 1,
  cosBound: 0,
  sinBound: 0,
  sinLeast: 0,
  undecided: 0,
};

type Task = typeof idle;

/** The numbers of the tags in assembly/angle.ts. */
const angleNumbers: Readonly<Record<Exclude<Series, 'single'>, number>> = { short: 0, middle: 1, long: 2 };
const quotient = 3;

/** Rows of one block, and where they go. */
interface Part {
  readonly position: number;
  readonly rows: number;
  /** Rows of the block before them. */
  readonly low: number;
  readonly address: number;
}

/** Computes rows of a phase table, those of one block at a time. */
export abstract class PhaseBlocks<S extends RowSource = RowSource> {
  protected readonly tables: Resident;
  protected readonly pairs: number;
  private readonly cos: Values;
  private readonly sin: Values;

  constructor(
    protected readonly engine: WasmEngine,
    protected readonly source: S,
    protected readonly layout: PhaseLayout,
    protected readonly dtype: FloatDType,
  ) {
    this.tables = new Resident(engine);
    this.pairs = source.rotations.pairs;
    this.cos = dtype === 'f64' ? new Float64Array(this.pairs) : new Float32Array(this.pairs);
    this.sin = this.cos.slice();
  }

  /** How many rows, from a position on and at most `limit`, are in its block; 0 for a position that is in none. */
  reach(position: number, limit: number): number {
    const { maxPosition, rotations } = this.source;
    if (!Number.isInteger(position) || position >= maxPosition) return 0;
    return Math.min(limit, rotations.blockRows - (position % rotations.blockRows), maxPosition - position);
  }

  /** Writes `rows` whole rows, from an address of the engine's memory on; `reach` tells how many there may be. */
  run(position: number, rows: number, address: number): void {
    const { blockRows } = this.source.rotations;
    const block = Math.floor(position / blockRows);
    this.source.enter(block);
    const part = { position, rows, low: position - block * blockRows, address };
    for (const pass of this.layout.passes) this.pass(pass, part, this.tables.at(block));
    this.finish(part);
    if (this.layout.hasZeros) this.layout.clear(this.lanes(part));
  }

  /** Writes the pairs of a pass, with the tables at `base`. */
  protected abstract pass(pass: Pass, part: Part, base: number): void;

  /** What is to be done when all passes are. */
  protected finish(_part: Part): void {}

  /** The task that writes a pass, but for its tables. */
  protected task({ count, x, y }: Pass, { position, rows, address }: Part): Task {
    const { bytes } = dtypes[this.dtype];
    return {
      ...idle,
      position,
      rows,
      to: count,
      end: count,
      lowStride: 8 * this.pairs,
      x: address + x * bytes,
      y: address + y * bytes,
      rowBytes: this.layout.width * bytes,
      undecided: this.engine.undecided.byteOffset,
    };
  }

  /** Has a task of real angles done, and the elements that it leaves undecided computed one by one. */
  protected certified(pass: Pass, part: Part, task: Task): void {
    const { kernels, undecided } = this.engine;
    const count = kernels.exactPhase(dtypeNumbers[this.dtype], pass.shape, this.engine.write(task));
    if (count === 0) return;
    const lanes = this.lanes(part);
    for (const number of undecided.subarray(0, count)) {
      const row = Math.floor(number / pass.count);
      this.element(lanes, part, row, pass.first + number - row * pass.count);
    }
  }

  /** Computes one element by itself and writes it at all its places in its row. */
  protected element(lanes: Lanes, part: Part, row: number, pair: number): void {
    const { cos, sin } = this;
    this.source.element(part.position + row, pair, cos, sin);
    this.layout.put(lanes, row, pair, this.dtype, cos[pair]!, sin[pair]!);
  }

  protected lanes({ address, rows }: Part): Lanes {
    return lanesOf(this.dtype, this.engine.memory.buffer, address, rows * this.layout.width);
  }
}

/** Rotations in float64, a number a pair: those to the block and those within it. */
type Rotated = Pick<Terms, 'cosHigh' | 'sinHigh' | 'cosLow' | 'sinLow'>;

/** Rows by angle addition in float64. */
abstract class Float64Blocks<S extends RowSource> extends PhaseBlocks<S> {
  private readonly cosLow: number;
  private readonly sinLow: number;
  private readonly cosHigh: number;
  private readonly sinHigh: number;

  constructor(
    engine: WasmEngine,
    source: S,
    { cosHigh, sinHigh, cosLow, sinLow }: Rotated,
    layout: PhaseLayout,
    dtype: FloatDType,
  ) {
    super(engine, source, layout, dtype);
    this.cosLow = this.tables.constant(cosLow);
    this.sinLow = this.tables.constant(sinLow);
    this.cosHigh = this.tables.variable(cosHigh);
    this.sinHigh = this.tables.variable(sinHigh);
  }

  /** The task of a pass with its rotations, whose tables are at `base`. */
  protected rotated(pass: Pass, part: Part, base: number): Task {
    const high = base + 8 * pass.first;
    const low = high + 8 * this.pairs * part.low;
    return {
      ...this.task(pass, part),
      cosHigh: high + this.cosHigh,
      sinHigh: high + this.sinHigh,
      cosLow: low + this.cosLow,
      sinLow: low + this.sinLow,
    };
  }
}

/** Float32 angles: a call for each series that the block needs. */
class ProductBlocks extends Float64Blocks<FrameworkProductRow> {
  private readonly w = this.tables.constant(this.source.terms.w);

  protected override pass(pass: Pass, part: Part, base: number): void {
    const { first, count, shape } = pass;
    const task: Task = {
      ...this.rotated(pass, part, base),
      w: base + this.w + 8 * first,
      scale: this.source.scale,
    };
    // In order: the last group of a stretch spills over into the next.
    for (const { series, from, to } of this.source.stretches) {
      task.from = Math.max(from - first, 0);
      task.to = Math.min(to - first, count);
      if (series === 'single' || task.from >= task.to) continue;
      const written = this.engine.write(task);
      this.engine.kernels.phase(angleNumbers[series], dtypeNumbers[this.dtype], shape, written);
    }
  }

  protected override finish(part: Part): void {
    const singles = this.source.stretches.filter(({ series }) => series === 'single');
    if (singles.length === 0) return;
    const lanes = this.lanes(part);
    for (const { from, to } of singles) {
      for (let row = 0; row < part.rows; row++) {
        for (let pair = from; pair < to; pair++) this.element(lanes, part, row, pair);
      }
    }
  }
}

/** Float64 angles. */
class QuotientBlocks extends Float64Blocks<FrameworkQuotientRow> {
  private readonly w = this.tables.constant(this.source.terms.w);

  protected override pass(pass: Pass, part: Part, base: number): void {
    const task = this.engine.write<Task>({
      ...this.rotated(pass, part, base),
      w: base + this.w + 8 * pass.first,
    });
    this.engine.kernels.phase(quotient, dtypeNumbers[this.dtype], pass.shape, task);
  }

  protected override finish(part: Part): void {
    const last = part.position + part.rows - 1;
    for (let pair = 0; pair < this.pairs; pair++) {
      if (!this.source.isSingle(last, pair)) continue;
      const lanes = this.lanes(part);
      for (let row = 0; row < part.rows; row++) {
        if (this.source.isSingle(part.position + row, pair)) this.element(lanes, part, row, pair);
      }
    }
  }
}

/** Real angles, correctly rounded to float32 or to 16 bits. */
class CertifiedBlocks extends Float64Blocks<ExactRow> {
  private readonly cosBound = this.tables.variable(this.source.cosBound);
  private readonly sinBound = this.tables.variable(this.source.sinBound);

  protected override pass(pass: Pass, part: Part, base: number): void {
    const at = base + 8 * pass.first;
    this.certified(pass, part, {
      ...this.rotated(pass, part, base),
      cosBound: at + this.cosBound,
      sinBound: at + this.sinBound,
    });
  }
}

/** Real angles, correctly rounded to float64. */
class WideBlocks extends PhaseBlocks<ExactRow> {
  private readonly low = this.tables.constant(this.source.rotations.low);
  private readonly sinLeast = this.tables.constant(this.source.sinLeast);
  private readonly high = this.tables.variable(this.source.seed);
  private readonly cosBound = this.tables.variable(this.source.cosBound);
  private readonly sinBound = this.tables.variable(this.source.sinBound);

  protected override pass(pass: Pass, part: Part, base: number): void {
    const at = base + 8 * pass.first;
    this.certified(pass, part, {
      ...this.task(pass, part),
      cosHigh: base + this.high + 32 * pass.first,
      cosLow: base + this.low + 32 * (pass.first + this.pairs * part.low),
      lowStride: 32 * this.pairs,
      cosBound: at + this.cosBound,
      sinBound: at + this.sinBound,
      sinLeast: at + this.sinLeast,
    });
  }
}

/** The kernel of a source. */
export function phaseBlocks(
  engine: WasmEngine,
  source: RowSource,
  layout: PhaseLayout,
  dtype: FloatDType,
): PhaseBlocks {
  if (source instanceof FrameworkProductRow)
    return new ProductBlocks(engine, source, source.terms, layout, dtype);
  if (source instanceof FrameworkQuotientRow)
    return new QuotientBlocks(engine, source, source.terms, layout, dtype);
  if (dtype === 'f64') return new WideBlocks(engine, source, layout, dtype);
  const { cosLow, sinLow } = source.rotations;
  const { cosHigh, sinHigh } = source;
  return new CertifiedBlocks(engine, source, { cosHigh, sinHigh, cosLow, sinLow }, layout, dtype);
}
