import { alibiBias, alibiSlopes } from './alibi.js';
import type { AnyEncoding } from './define.js';
import { rope } from './rope.js';
import { ropeFrequencies } from './rope-frequencies.js';
import { sinusoidal } from './sinusoidal.js';
import { t5Buckets } from './t5.js';

/** THE registry: every encoding posenc knows, in the order of the catalogue. */
export const encodings: readonly AnyEncoding[] = [
  rope,
  ropeFrequencies,
  alibiSlopes,
  alibiBias,
  t5Buckets,
  sinusoidal,
];
