import type { FloatDType } from '../../tensor/dtype.js';
import type { BlockKernel } from '../define.js';
import { ExactRow } from '../phase/exact.js';
import { emptyLanes, float32Row, type Lanes, phaseFiller, type StoredRow } from '../phase/filler.js';
import { FrameworkProductRow, FrameworkQuotientRow } from '../phase/framework.js';
import type { PhaseRows, Phases } from '../rows.js';
import { store } from '../store.js';

function bytesOf(array: Lanes): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Rows of correctly rounded values: storing them is exact. */
function exactRow(phases: Phases, dtype: FloatDType): StoredRow {
  const pairs = phases.frequencies.length;
  const source = new ExactRow(phases, dtype);
  const cos64 = new Float64Array(pairs);
  const sin64 = new Float64Array(pairs);
  const cos = emptyLanes(dtype, pairs);
  const sin = emptyLanes(dtype, pairs);
  return {
    cos,
    sin,
    compute(position) {
      source.row(position, cos64, sin64);
      store(dtype, cos64, pairs, bytesOf(cos));
      store(dtype, sin64, pairs, bytesOf(sin));
    },
  };
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
