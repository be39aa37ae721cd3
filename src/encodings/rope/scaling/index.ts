import { defaultLaw } from './default.js';
import type { ScalingLaw } from './define.js';
import { dynamic } from './dynamic.js';
import { linear } from './linear.js';
import { llama3 } from './llama3.js';
import { longrope } from './longrope.js';
import { ntk } from './ntk.js';
import { ntkByParts } from './ntk-by-parts.js';
import { proportional } from './proportional.js';
import { yarn } from './yarn.js';

/** Every law, in the order in which documentation lists them. */
export const scalingLaws: readonly ScalingLaw[] = [
  defaultLaw,
  linear,
  ntk,
  dynamic,
  ntkByParts,
  yarn,
  longrope,
  llama3,
  proportional,
];

/** The law of a `rope_type`; undefined where there is none. */
export function scalingLaw(name: string): ScalingLaw | undefined {
  return scalingLaws.find((law) => law.name === name);
}
