import type { FloatDType } from '../../tensor/dtype.js';
import type { BlockKernel } from '../define.js';
import { ExactRow } from '../phase/exact.js';
import { float32Row, phaseFiller, type StoredRow } from '../phase/filler.js';
import { FrameworkProductRow, FrameworkQuotientRow } from '../phase/framework.js';
import type { PhaseRows, Phases } from '../rows.js';

/** Rows of correctly rounded values: narrowing them once more changes nothing. */
function exactRow(phases: Phases, dtype: FloatDType): StoredRow {
  const pairs = phases.frequencies.length;
  const source = new ExactRow(phases, dtype);
  if (dtype !== 'f64') return float32Row(source, pairs, dtype);
  const cos = new Float64Array(pairs);
  const sin = new Float64Array(pairs);
  return { cos, sin, compute: (position) => source.row(position, cos, sin) };
}

function storedRow(rows: PhaseRows, phases: Phases, dtype: FloatDType): StoredRow {
  const pairs = phases.frequencies.length;
  if (rows.angle === 'real') return exactRow(phases, dtype);
  const source =
    rows.angle === 'f32-product' ? new FrameworkProductRow(phases) : new FrameworkQuotientRow(phases);
  return float32Row(source, pairs, dtype);
}

/** Phase tables in plain TypeScript: float64 angle addition, one row at a time. */
export const phaseKernel: BlockKernel<PhaseRows> = {
  kind: 'phase',
  prepare: (rows, spec) => phaseFiller(rows, spec, (phases, dtype) => storedRow(rows, phases, dtype)),
};
