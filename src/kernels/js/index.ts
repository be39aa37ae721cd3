import type { TensorSpec } from '../../tensor/spec.js';
import type { Filler } from '../define.js';
import type { Rows } from '../rows.js';
import { bucketKernel } from './buckets.js';
import { elementsKernel } from './elements.js';
import { phaseKernel } from './phase.js';
import { realsKernel } from './reals.js';
import { slopeDistanceKernel } from './slope-distance.js';

/** The TypeScript backend: one kernel a kind of rows, all of them, always there. */
export function prepareJs(rows: Rows, spec: TensorSpec): Filler {
  switch (rows.kind) {
    case 'elements':
      return elementsKernel.prepare(rows, spec);
    case 'reals':
      return realsKernel.prepare(rows, spec);
    case 'phase':
      return phaseKernel.prepare(rows, spec);
    case 'slope-distance':
      return slopeDistanceKernel.prepare(rows, spec);
    case 'bucket':
      return bucketKernel.prepare(rows, spec);
  }
}
