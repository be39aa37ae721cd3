import { z } from 'zod';
import { type FieldError, pointerTo } from '../../../errors.js';
import { Real } from '../../../numerics/real.js';
import { defineScalingLaw } from './define.js';
import { multiplier } from './domain.js';
import { frequencyCount, geometricFrequencies } from './unscaled.js';
import { ntkWidthErrors } from './width-error.js';

const params = z.object({
  factor: multiplier
    .optional()
    .describe(
      'Context extension s: the base is multiplied by s^(d/(d − 2)), so that the lowest frequency is divided by s.',
    ),
  alpha: multiplier.optional().describe('Base multiplier, used as `alpha_rule` says, in place of `factor`.'),
  alpha_rule: z
    .enum(['power', 'literal'])
    .optional()
    .describe(
      'How `alpha` enters: `power` multiplies the base by alpha^(d/(d − 2)), `literal` by alpha itself; `power` where left out.',
    ),
});

function contradictions({ factor, alpha, alpha_rule }: z.output<typeof params>): FieldError[] {
  const errors: FieldError[] = [];
  if (factor === undefined && alpha === undefined) {
    errors.push({ pointer: pointerTo('factor'), detail: 'is required, or alpha in its place' });
  }
  if (factor !== undefined && alpha !== undefined) {
    errors.push({ pointer: pointerTo('alpha'), detail: 'contradicts factor: give one of the two' });
  }
  if (alpha_rule !== undefined && alpha === undefined) {
    errors.push({ pointer: pointerTo('alpha_rule'), detail: 'has no meaning without alpha' });
  }
  return errors;
}

/** base · s^(d/(d − 2)): the highest frequency stays, the lowest is divided by s. */
export function ntkBase(theta: number, scale: Real | number, width: number): Real {
  const stretch = typeof scale === 'number' ? Real.from(scale) : scale;
  return stretch.pow(Real.ratio(width, width - 2)).mul(theta);
}

/** NTK-aware scaling with a fixed factor: a larger base instead of smaller positions. */
export const ntk = defineScalingLaw({
  name: 'ntk',
  title: 'NTK-aware scaling',
  reference: {
    title: 'YaRN, section 3.1 (NTK-aware interpolation)',
    url: 'https://arxiv.org/abs/2309.00071',
  },
  params,
  normalize: (given) =>
    given.alpha === undefined ? given : { ...given, alpha_rule: given.alpha_rule ?? 'power' },
  check: (given, basics) => [
    ...contradictions(given),
    ...(given.alpha_rule === 'literal' ? [] : ntkWidthErrors(basics)),
  ],
  transformers: null,
  exact: ({ factor, alpha, alpha_rule }, basics) => {
    const { rope_theta, rotary_dim } = basics;
    const base =
      alpha_rule === 'literal'
        ? Real.from(rope_theta).mul(alpha ?? 1)
        : ntkBase(rope_theta, factor ?? alpha ?? 1, rotary_dim);
    return {
      inv_freq: geometricFrequencies(base, rotary_dim, frequencyCount(basics)),
      attention_factor: Real.one,
    };
  },
});
