import { writeBfloat16 } from '../../tensor/bfloat16.js';
import type { FloatDType } from '../../tensor/dtype.js';
import { writeFloat16 } from '../../tensor/float16.js';
import type { TensorSpec } from '../../tensor/spec.js';
import type { Filler } from '../define.js';
import { type PhaseRows, type PhaseRun, type Phases, positionAt } from '../rows.js';

export type Lanes = Float64Array | Float32Array | Uint16Array;

/** cos and sin of one row, one a pair, as the dtype stores them. */
export interface StoredRow {
  readonly cos: Lanes;
  readonly sin: Lanes;
  compute(position: number): void;
}

/** Who computes cos and sin of every pair at one position as float32 values. */
export interface Float32Row {
  row(position: number, cos: Float32Array, sin: Float32Array): void;
}

/** The dtype of a lane: c64 is two f32. */
export function laneDType(dtype: string): FloatDType {
  return dtype === 'c64' ? 'f32' : (dtype as FloatDType);
}

/** `count` lanes of a buffer, from a byte on. */
export function lanesOf(dtype: FloatDType, out: ArrayBufferLike, byteOffset: number, count: number): Lanes {
  if (dtype === 'f64') return new Float64Array(out, byteOffset, count);
  if (dtype === 'f32') return new Float32Array(out, byteOffset, count);
  return new Uint16Array(out, byteOffset, count);
}

/** `count` lanes in memory of their own. */
export function emptyLanes(dtype: FloatDType, count: number): Lanes {
  return lanesOf(dtype, new ArrayBuffer(8 * Math.max(1, count)), 0, count);
}

/** Rows of float32 values: narrower dtypes round them once more, f64 widens them. */
export function float32Row(source: Float32Row, pairs: number, dtype: FloatDType): StoredRow {
  // cos and sin side by side, so that one call narrows both.
  const values = new Float32Array(2 * pairs);
  const cos32 = values.subarray(0, pairs);
  const sin32 = values.subarray(pairs);
  if (dtype === 'f32') {
    return { cos: cos32, sin: sin32, compute: (position) => source.row(position, cos32, sin32) };
  }
  const stored = emptyLanes(dtype, 2 * pairs);
  return {
    cos: stored.subarray(0, pairs),
    sin: stored.subarray(pairs),
    compute(position) {
      source.row(position, cos32, sin32);
      if (!(stored instanceof Uint16Array)) stored.set(values);
      else if (dtype === 'f16') writeFloat16(values, 2 * pairs, stored, 0);
      else writeBfloat16(values, 2 * pairs, stored, 0);
    },
  };
}

/** A run of a row with the lanes it takes: `source` goes to `offset`, `offset + stride`, … */
interface Placement {
  readonly source: Lanes;
  readonly offset: number;
  readonly stride: number;
}

/** A computed row and how it is laid out. */
interface LaidRow {
  readonly row: StoredRow;
  readonly placements: readonly Placement[];
}

function laidOut(row: StoredRow, runs: readonly PhaseRun[], dtype: FloatDType): LaidRow {
  const placements = runs.map(({ trig, offset, stride, first, count }) => {
    const source = trig === 'zero' ? emptyLanes(dtype, count) : row[trig].subarray(first, first + count);
    return { source, offset, stride };
  });
  return { row, placements };
}

function place(placements: readonly Placement[], target: Lanes, at: number): void {
  for (const { source, offset, stride } of placements) {
    // A copy of bytes: six times as fast as a loop, and no slower where other dtypes have passed.
    if (stride === 1) target.set(source, at + offset);
    else for (let i = 0, to = at + offset; i < source.length; i++, to += stride) target[to] = source[i]!;
  }
}

/**
 * Fills a phase table row by row, each laid out by the runs; `storedRow` makes the kernel of one set of phases.
 */
export function phaseFiller(
  rows: PhaseRows,
  spec: TensorSpec,
  storedRow: (phases: Phases, dtype: FloatDType) => StoredRow,
): Filler {
  const dtype = laneDType(spec.dtype);
  const lanesPerElement = spec.dtype === 'c64' ? 2 : 1;
  const { width, runs, positions } = rows;
  const laid = (phases: Phases) => laidOut(storedRow(phases, dtype), runs, dtype);
  const main = laid(rows.phases);
  const below = rows.below && laid(rows.below.phases);
  const boundary = rows.below?.position ?? 0;
  const partial = emptyLanes(dtype, width);

  const compute = (index: number): LaidRow => {
    const position = positionAt(positions, index);
    const laidRow = below && position < boundary ? below : main;
    laidRow.row.compute(position);
    return laidRow;
  };

  return {
    fill(first, count, out) {
      const total = count * lanesPerElement;
      const target = lanesOf(dtype, out.buffer, out.byteOffset, total);
      const start = first * lanesPerElement;
      let index = Math.floor(start / width);
      // `at` is where the current row begins in the target; negative for a row that began before it.
      for (let at = index * width - start; at < total; at += width, index++) {
        const { placements } = compute(index);
        if (at >= 0 && at + width <= total) {
          place(placements, target, at);
        } else {
          place(placements, partial, 0);
          const from = Math.max(0, -at);
          const to = Math.min(width, total - at);
          target.set(partial.subarray(from, to), at + from);
        }
      }
    },
  };
}
