import type { FloatDType } from '../../tensor/dtype.js';
import type { AngleRule, Phases } from '../rows.js';
import { ExactRow } from './exact.js';
import { float32Row, type StoredRow } from './filler.js';
import { FrameworkProductRow, FrameworkQuotientRow } from './framework.js';

/** Who computes the rows of one set of phases. */
export type RowSource = ExactRow | FrameworkProductRow | FrameworkQuotientRow;

export function rowSource(angle: AngleRule, phases: Phases, dtype: FloatDType): RowSource {
  if (angle === 'real') return new ExactRow(phases, dtype);
  return angle === 'f32-product' ? new FrameworkProductRow(phases) : new FrameworkQuotientRow(phases);
}

/** The rows as the dtype stores them. Narrowing correctly rounded values once more changes nothing. */
export function storedRow(source: RowSource, dtype: FloatDType): StoredRow {
  const { pairs } = source.rotations;
  if (!(source instanceof ExactRow) || dtype !== 'f64') return float32Row(source, pairs, dtype);
  const cos = new Float64Array(pairs);
  const sin = new Float64Array(pairs);
  return { cos, sin, compute: (position) => source.row(position, cos, sin) };
}
