import { dtypes } from '../../tensor/dtype.js';
import type { TensorSpec } from '../../tensor/spec.js';
import type { Filler } from '../define.js';
import { laneDType, phaseFiller } from '../phase/filler.js';
import { rowSource, storedRow } from '../phase/sources.js';
import { type PhaseRows, type Phases, positionAt, positionCount } from '../rows.js';
import { maxElements, scratchBytes, type WasmEngine } from './engine.js';
import { type PhaseBlocks, phaseBlocks } from './phase-blocks.js';
import { PhaseLayout } from './phase-layout.js';

/** Phase tables, block by block; rows that are in no block are computed as in TypeScript. */
class BlockFiller implements Filler {
  private readonly main: PhaseBlocks;
  private readonly below: PhaseBlocks | undefined;
  private readonly single: Filler;
  private readonly lanesPerElement: number;
  private readonly laneBytes: number;
  private readonly rowBytes: number;

  constructor(
    private readonly engine: WasmEngine,
    private readonly rows: PhaseRows,
    spec: TensorSpec,
    layout: PhaseLayout,
  ) {
    const dtype = laneDType(spec.dtype);
    this.lanesPerElement = spec.dtype === 'c64' ? 2 : 1;
    this.laneBytes = dtypes[dtype].bytes;
    this.rowBytes = rows.width * this.laneBytes;
    const sourceOf = (phases: Phases) => rowSource(rows.angle, phases, dtype);
    const main = sourceOf(rows.phases);
    const below = rows.below && sourceOf(rows.below.phases);
    this.main = phaseBlocks(engine, main, layout, dtype);
    this.below = below && phaseBlocks(engine, below, layout, dtype);
    this.single = phaseFiller(rows, spec, (phases) =>
      storedRow(below && phases !== rows.phases ? below : main, dtype),
    );
  }

  fill(first: number, count: number, out: Uint8Array): void {
    const { width } = this.rows;
    const total = count * this.lanesPerElement;
    const start = first * this.lanesPerElement;
    let index = Math.floor(start / width);
    // `at` is where the current row begins in `out`, in lanes; negative for a row that began before it.
    for (let at = index * width - start; at < total; ) {
      // A row that the slice cuts is computed alone.
      const whole = at < 0 ? 1 : Math.max(1, Math.floor((total - at) / width));
      const rows = this.block(
        index,
        Math.min(whole, Math.floor(scratchBytes / this.rowBytes)),
        at,
        total,
        out,
      );
      if (rows === 0) this.alone(first, at, total, out);
      at += Math.max(1, rows) * width;
      index += Math.max(1, rows);
    }
  }

  /** Computes up to `limit` rows of one block and returns how many; 0 where the row is in none. */
  private block(index: number, limit: number, at: number, total: number, out: Uint8Array): number {
    const { below, positions } = this.rows;
    const position = positionAt(positions, index);
    const isBelow = below !== undefined && position < below.position;
    const blocks = isBelow && this.below ? this.below : this.main;
    const rows = this.following(
      index,
      blocks.reach(position, isBelow ? Math.min(limit, below.position - position) : limit),
    );
    if (rows === 0) return 0;
    const { laneBytes, rowBytes } = this;
    const from = Math.max(0, -at) * laneBytes;
    const to = Math.min(rows * rowBytes, (total - at) * laneBytes);
    const compute = (address: number) => blocks.run(position, rows, address);
    this.engine.deliver(out, at * laneBytes + from, rows * rowBytes, compute, from, to);
    return rows;
  }

  /** How many of the next `limit` rows have positions that follow one another. */
  private following(index: number, limit: number): number {
    const { positions } = this.rows;
    if (positions.kind === 'range') return limit;
    let rows = Math.min(1, limit);
    while (rows < limit && positions.values[index + rows] === positions.values[index]! + rows) rows++;
    return rows;
  }

  private alone(first: number, at: number, total: number, out: Uint8Array): void {
    const from = Math.max(0, at);
    const to = Math.min(at + this.rows.width, total);
    const { lanesPerElement, laneBytes } = this;
    const count = (to - from) / lanesPerElement;
    this.single.fill(first + from / lanesPerElement, count, out.subarray(from * laneBytes, to * laneBytes));
  }
}

/** A filler for a phase table, or null where the kernels have no shape for its rows. */
export function preparePhase(engine: WasmEngine, rows: PhaseRows, spec: TensorSpec): Filler | null {
  const layout = PhaseLayout.of(rows);
  const pairs = rows.phases.frequencies.length;
  const rowBytes = rows.width * dtypes[laneDType(spec.dtype)].bytes;
  if (!layout || pairs > maxElements || rowBytes > scratchBytes || positionCount(rows.positions) === 0)
    return null;
  return new BlockFiller(engine, rows, spec, layout);
}
