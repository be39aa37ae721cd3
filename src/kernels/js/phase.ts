import type { BlockKernel } from '../define.js';
import { phaseFiller } from '../phase/filler.js';
import { rowSource, storedRow } from '../phase/sources.js';
import type { PhaseRows } from '../rows.js';

/** Phase tables in plain TypeScript: float64 angle addition, one row at a time. */
export const phaseKernel: BlockKernel<PhaseRows> = {
  kind: 'phase',
  prepare: (rows, spec) =>
    phaseFiller(rows, spec, (phases, dtype) => storedRow(rowSource(rows.angle, phases, dtype), dtype)),
};
