import { z } from 'zod';
import { pointerTo } from '../../../errors.js';
import { Real } from '../../../numerics/real.js';
import { torchInvFreq } from '../../../numerics/torch-inv-freq.js';
import { defineScalingLaw } from './define.js';
import { multiplier } from './domain.js';
import { ntkBase } from './ntk.js';
import { power } from './scalar-math.js';
import { frequencyCount, geometricFrequencies } from './unscaled.js';
import { ntkWidthErrors } from './width-error.js';

/**
 * torch's `x ** y` of a zero-dimensional float32 tensor and a Python float: the power is taken in float64 with
 * the float64 exponent and rounded, except that the exponents 2 and 3 are products.
 */
function tensorPower(x: number, y: number): number {
  if (y === 2) return Math.fround(x * x);
  if (y === 3) return Math.fround(Math.fround(x * x) * x);
  return Math.fround(power(x, y));
}

/**
 * The base of transformers, `base * ((factor * L / Lmax) - (factor - 1)) ** (d / (d - 2))`. Up to Lmax, L is the
 * Python int of the initialisation and all is float64; beyond, the forward pass brings a tensor and all is float32.
 */
function frameworkBase(
  theta: number,
  factor: number,
  longest: number,
  trained: number,
  width: number,
): number {
  const exponent = width / (width - 2);
  if (longest <= trained) return theta * power((factor * trained) / trained - (factor - 1), exponent);
  const f32 = Math.fround;
  const ratio = f32(f32(f32(factor) * f32(longest)) / f32(trained));
  return f32(f32(theta) * tensorPower(f32(ratio - f32(factor - 1)), exponent));
}

/** Dynamic NTK: the base grows with the sequence and is the trained one up to max_position_embeddings. */
export const dynamic = defineScalingLaw({
  name: 'dynamic',
  title: 'Dynamic NTK scaling',
  reference: { title: 'YaRN, section 3.3 (dynamic scaling)', url: 'https://arxiv.org/abs/2309.00071' },
  params: z.object({
    factor: multiplier.describe(
      'How strongly the base grows once the sequence is longer than max_position_embeddings.',
    ),
    seq_len: z
      .int()
      .min(1)
      .optional()
      .describe(
        'Length of the sequence the frequencies are for; max_position_embeddings where left out or longer.',
      ),
  }),
  uses_max_position_embeddings: true,
  check: (_params, basics) => [
    ...(basics.max_position_embeddings === undefined
      ? [{ pointer: pointerTo('max_position_embeddings'), detail: 'is required by rope_type dynamic' }]
      : []),
    ...ntkWidthErrors(basics),
  ],
  transformers: ({ factor, seq_len = 1 }, { rope_theta, rotary_dim, max_position_embeddings = 1 }) => ({
    inv_freq: torchInvFreq(
      frameworkBase(rope_theta, factor, seq_len, max_position_embeddings, rotary_dim),
      rotary_dim,
    ),
    attention_factor: 1,
  }),
  exact: ({ factor, seq_len = 1 }, basics) => {
    const { rope_theta, rotary_dim, max_position_embeddings = 1 } = basics;
    const longest = Math.max(seq_len, max_position_embeddings);
    const scale = Real.from(factor).mul(longest).div(max_position_embeddings).sub(Real.from(factor).sub(1));
    return {
      inv_freq: geometricFrequencies(
        ntkBase(rope_theta, scale, rotary_dim),
        rotary_dim,
        frequencyCount(basics),
      ),
      attention_factor: Real.one,
    };
  },
});
