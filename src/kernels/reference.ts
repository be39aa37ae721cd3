import { Angle } from '../numerics/angle.js';
import { Real } from '../numerics/real.js';
import { bfloat16FromFloat64, bfloat16ToNumber } from '../tensor/bfloat16.js';
import { dtypes, type FloatDType } from '../tensor/dtype.js';
import type { TensorSpec } from '../tensor/spec.js';
import type { Filler } from './define.js';
import {
  type BucketRows,
  type PhaseRows,
  type Phases,
  positionAt,
  type Rows,
  type SlopeDistanceRows,
} from './rows.js';
import { store } from './store.js';

const unit = new Angle(Real.one);

/**
 * The truth that every kernel is tested against: one element at a time, straight from the definition, in
 * arithmetic of 256 bits and more, with no table, block or approximation. Some 10,000 elements a second.
 */
export function prepareReference(rows: Rows, spec: TensorSpec): Filler {
  const at = elementOf(rows, spec);
  const lanesPerElement = spec.dtype === 'c64' ? 2 : 1;
  const bytes = dtypes[spec.dtype].bytes;
  const one = new Float64Array(lanesPerElement);
  const cell = new Uint8Array(new ArrayBuffer(8));
  return {
    fill(first, count, out) {
      for (let i = 0; i < count; i++) {
        for (let lane = 0; lane < lanesPerElement; lane++)
          one[lane] = at((first + i) * lanesPerElement + lane);
        store(spec.dtype, one, 1, cell);
        out.set(cell.subarray(0, bytes), i * bytes);
      }
    },
  };
}

/** The value of lane `index` of a tensor, already rounded to the dtype. */
function elementOf(rows: Rows, spec: TensorSpec): (index: number) => number {
  const dtype = (spec.dtype === 'c64' ? 'f32' : spec.dtype) as FloatDType;
  switch (rows.kind) {
    case 'elements': {
      const columns = Math.max(1, spec.shape.at(-1) ?? 1);
      return (index) => rows.at(Math.floor(index / columns), index % columns);
    }
    case 'reals':
      return (index) => {
        const value = rows.values[index]!;
        return typeof value === 'number' ? value : value.round(dtype);
      };
    case 'bucket':
      return (index) => bucket(rows, index);
    case 'slope-distance':
      return (index) => bias(rows, index, dtype);
    case 'phase':
      return (index) => phase(rows, index, dtype);
  }
}

function bucket({ base, columns, forward, backward }: BucketRows, index: number): number {
  const relative = base + (index % columns) - Math.floor(index / columns);
  const table = relative >= 0 ? forward : backward;
  return table[Math.min(Math.abs(relative), table.length - 1)]!;
}

function bias(rows: SlopeDistanceRows, index: number, dtype: FloatDType): number {
  const { keyLength, queryLength, slopes, factor, causal, rounding } = rows;
  const key = index % keyLength;
  const row = Math.floor(index / keyLength);
  const query = (row % queryLength) + keyLength - queryLength;
  const slope = slopes[Math.floor(row / queryLength)]!;
  if (causal && key > query) return -Infinity;
  const k = factor === 'key' ? key : factor === 'key-last' ? key - keyLength + 1 : -Math.abs(query - key);
  if (k === 0) return 0;
  if (rounding === 'real') return slope.mul(k).round(dtype);
  if (rounding === 'f32') return Math.fround(slope.round('f32') * Math.fround(k));
  const bf16 = (x: number) => bfloat16ToNumber(bfloat16FromFloat64(x));
  return bf16(slope.round('bf16') * bf16(k));
}

function phase(rows: PhaseRows, index: number, dtype: FloatDType): number {
  const column = index % rows.width;
  const row = Math.floor(index / rows.width);
  const position = positionAt(rows.positions, row);
  const phases = rows.below && position < rows.below.position ? rows.below.phases : rows.phases;
  const run = rows.runs.find(
    ({ offset, stride, count }) =>
      column >= offset && (column - offset) % stride === 0 && (column - offset) / stride < count,
  );
  if (!run || run.trig === 'zero') return 0;
  const pair = run.first + (column - run.offset) / run.stride;
  if (rows.angle === 'real')
    return trig(new Angle(phases.frequencies[pair]!), position, run.trig).mul(phases.scale).round(dtype);
  return frameworkPhase(rows, phases, pair, position, run.trig);
}

function trig(angle: Angle, position: number, which: 'cos' | 'sin'): Real {
  return which === 'cos' ? angle.cosReal(position) : angle.sinReal(position);
}

function frameworkPhase(
  rows: PhaseRows,
  phases: Phases,
  pair: number,
  position: number,
  which: 'cos' | 'sin',
): number {
  const w = phases.frequencies[pair]!.toNumber();
  const a = rows.angle === 'f32-product' ? Math.fround(Math.fround(position) * w) : position / w;
  const value = trig(unit, a, which).round('f32');
  return rows.angle === 'f32-product' ? Math.fround(value * phases.scale.round('f32')) : value;
}
