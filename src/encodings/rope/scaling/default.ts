import { z } from 'zod';
import { Real } from '../../../numerics/real.js';
import { torchInvFreq } from '../../../numerics/torch-inv-freq.js';
import { defineScalingLaw } from './define.js';
import { unscaledFrequencies } from './unscaled.js';

/** RoPE as it was trained: θ_i = rope_theta^(−2i/r). */
export const defaultLaw = defineScalingLaw({
  name: 'default',
  title: 'No scaling',
  reference: { title: 'RoFormer, section 3.2.2', url: 'https://arxiv.org/abs/2104.09864' },
  params: z.object({}),
  transformers: (_params, basics) => ({
    inv_freq: torchInvFreq(basics.rope_theta, basics.rotary_dim),
    attention_factor: 1,
  }),
  exact: (_params, basics) => ({ inv_freq: unscaledFrequencies(basics), attention_factor: Real.one }),
});
