import { z } from 'zod';
import { Real } from '../../../numerics/real.js';
import { torchInvFreq } from '../../../numerics/torch-inv-freq.js';
import { defineScalingLaw } from './define.js';
import { multiplier } from './domain.js';
import { unscaledFrequencies } from './unscaled.js';

/** Position interpolation: every frequency divided by the factor, which is every position divided by it. */
export const linear = defineScalingLaw({
  name: 'linear',
  title: 'Position interpolation',
  reference: {
    title: 'Extending Context Window of Large Language Models via Position Interpolation',
    url: 'https://arxiv.org/abs/2306.15595',
  },
  params: z.object({
    factor: multiplier.describe('What every frequency is divided by.'),
  }),
  transformers: ({ factor }, basics) => {
    const divisor = Math.fround(factor);
    return {
      inv_freq: torchInvFreq(basics.rope_theta, basics.rotary_dim).map((frequency) => frequency / divisor),
      attention_factor: 1,
    };
  },
  exact: ({ factor }, basics) => ({
    inv_freq: unscaledFrequencies(basics).map((frequency) => frequency.div(factor)),
    attention_factor: Real.one,
  }),
});
