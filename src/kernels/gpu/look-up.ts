import { dtypes } from '../../tensor/dtype.js';
import type { TensorSpec } from '../../tensor/spec.js';
import type { Filler } from '../define.js';
import { store } from '../store.js';
import type { GpuEngine, GpuKernel, Kept, Seen, Thread } from './engine.js';

/** Elements a call: enough that the call does not count. */
const pieceElements = 2 ** 15;
/** Rows a call at most. */
const pieceRows = 2 ** 12;
/** Entries of the look-up table that a call sees. */
const tableEntries = 2 ** 16;

type Arguments = [table: Kept, origin: Float32Array, factor: Float32Array, columns: number, shift: number];

/** Element x of a piece: the row's factor times the entry of the table at column + the row's origin. */
function lookUp(this: Thread, ...args: Seen<Arguments>): number;
function lookUp(
  this: Thread,
  table: Float32Array,
  origin: Float32Array,
  factor: Float32Array,
  columns: number,
  shift: number,
): number {
  // Half a step keeps an inexact division on the right side.
  const row = Math.floor((this.thread.x + shift + 0.5) / columns);
  return factor[row]! * table[this.thread.x + shift - row * columns + origin[row]!]!;
}

/** A table whose element (row, column) is factor(row) · entry(column + offset(row)): maps and linear biases. */
export interface LookUpTable {
  readonly columns: number;
  /** Integers. */
  readonly offset: (row: number) => number;
  /** Float32 values. */
  readonly factor: (row: number) => number;
  readonly entry: (index: number) => number;
  /** What is left to do with the float32 products of the columns from `column` on of a row. */
  readonly finish?: (values: Float64Array, count: number, row: number, column: number) => void;
}

/** A range of entries, kept as long as the pieces stay in it. */
class Window {
  private start = 0;
  private entries: Kept | null = null;

  constructor(
    private readonly engine: GpuEngine,
    private readonly entry: (index: number) => number,
  ) {}

  /** Entries that hold low … high, and where they begin. */
  cover(low: number, high: number): { readonly entries: Kept; readonly start: number } {
    if (this.entries === null || low < this.start || high >= this.start + tableEntries) {
      // Some room to both sides, for the next pieces.
      this.start = low - Math.floor((tableEntries - (high - low + 1)) / 2);
      // Values that a call has seen must not change.
      const values = new Float32Array(tableEntries);
      for (let i = 0; i < tableEntries; i++) values[i] = this.entry(this.start + i);
      this.entries = this.engine.keep(values);
    }
    return { entries: this.entries, start: this.start };
  }
}

/** Makes fillers of look-up tables on an engine; each product is one float32 multiplication. */
export function lookUpOn(engine: GpuEngine): (table: LookUpTable, spec: TensorSpec) => Filler {
  const kernel: GpuKernel<Arguments> = engine.kernel<Arguments>(lookUp);
  return (table, spec) => new LookUpFiller(engine, kernel, table, spec);
}

class LookUpFiller implements Filler {
  private readonly window: Window;
  private readonly origin = new Float32Array(pieceRows);
  private readonly factor = new Float32Array(pieceRows);
  private readonly offsets = new Float64Array(pieceRows);
  private readonly wide = new Float64Array(pieceElements);

  constructor(
    engine: GpuEngine,
    private readonly kernel: GpuKernel<Arguments>,
    private readonly table: LookUpTable,
    private readonly spec: TensorSpec,
  ) {
    this.window = new Window(engine, table.entry);
  }

  fill(first: number, count: number, out: Uint8Array): void {
    const { columns } = this.table;
    const bytes = dtypes[this.spec.dtype].bytes;
    for (let done = 0; done < count; ) {
      const row = Math.floor((first + done) / columns);
      const column = first + done - row * columns;
      const n = this.piece(row, column, Math.min(pieceElements, count - done));
      store(this.spec.dtype, this.wide, n, out.subarray(done * bytes));
      done += n;
    }
  }

  /** Computes up to `wanted` elements from (row, column) on into `wide` and tells how many. */
  private piece(row: number, column: number, wanted: number): number {
    const { table, offsets, origin, factor, wide, window } = this;
    const { columns } = table;
    // A piece of long rows stays within one, so that no number in the kernel is large.
    const single = columns > pieceElements || column + wanted <= columns;
    let low = table.offset(row) + column;
    let high = table.offset(row) + Math.min(columns, column + wanted) - 1;
    let rows = 1;
    offsets[0] = table.offset(row);
    // As many rows as the window can serve.
    while (!single && rows < pieceRows && rows * columns < column + wanted) {
      const offset = table.offset(row + rows);
      const rowHigh = offset + Math.min(columns, column + wanted - rows * columns) - 1;
      if (Math.max(high, rowHigh) - Math.min(low, offset) >= tableEntries) break;
      low = Math.min(low, offset);
      high = Math.max(high, rowHigh);
      offsets[rows++] = offset;
    }
    const n = Math.min(wanted, rows * columns - column);
    const { entries, start } = window.cover(low, high);
    // Within one row the column's number goes into the origin, for the same reason.
    const shift = single ? 0 : column;
    for (let i = 0; i < rows; i++) {
      origin[i] = offsets[i]! - start + (single ? column : 0);
      factor[i] = table.factor(row + i);
    }
    const length = single ? pieceElements : columns;
    const values = this.kernel(pieceElements, entries, origin, factor, length, shift);
    wide.set(n === values.length ? values : values.subarray(0, n));
    if (table.finish) this.finish(table.finish, row, column, n);
    return n;
  }

  private finish(
    finish: NonNullable<LookUpTable['finish']>,
    row: number,
    column: number,
    count: number,
  ): void {
    for (let done = 0, r = row, c = column; done < count; r++, c = 0) {
      const n = Math.min(this.table.columns - c, count - done);
      finish(this.wide.subarray(done, done + n), n, r, c);
      done += n;
    }
  }
}
