import { z } from 'zod';
import { Real } from '../../../numerics/real.js';
import { torchInvFreq } from '../../../numerics/torch-inv-freq.js';
import { defineScalingLaw, type RopeBasics } from './define.js';
import { multiplier } from './domain.js';
import { geometricFrequencies } from './unscaled.js';
import { widthError } from './width-error.js';

/** Pairs that turn; the others stand still. Halving is exact, so this is the floor that transformers takes. */
function turningPairs({ partial_rotary_factor, head_dim }: RopeBasics): number {
  return Math.floor((partial_rotary_factor * head_dim) / 2);
}

/** p-RoPE: the share p of highest frequencies turns, with exponents over head_dim; the rest is 0. */
export const proportional = defineScalingLaw({
  name: 'proportional',
  title: 'Proportional RoPE (p-RoPE)',
  reference: {
    title: 'Round and Round We Go! What makes Rotary Positional Encodings useful?',
    url: 'https://arxiv.org/abs/2410.06205',
  },
  params: z.object({
    factor: multiplier.default(1).describe('What every frequency is divided by.'),
  }),
  keeps_head_dim: true,
  check: (_params, basics) =>
    basics.head_dim % 2 === 1 ? [widthError(basics, 'and rope_type proportional needs an even one')] : [],
  transformers: ({ factor }, basics) => {
    const { rope_theta, head_dim } = basics;
    const turning = turningPairs(basics);
    const divisor = Math.fround(factor);
    const inv_freq = new Float32Array(Math.ceil(head_dim / 2));
    if (turning > 0) inv_freq.set(torchInvFreq(rope_theta, 2 * turning, head_dim));
    return { inv_freq: inv_freq.map((frequency) => frequency / divisor), attention_factor: 1 };
  },
  exact: ({ factor }, basics) => {
    const turning = turningPairs(basics);
    const still = Math.ceil(basics.head_dim / 2) - turning;
    const frequencies = geometricFrequencies(basics.rope_theta, basics.head_dim, turning);
    return {
      inv_freq: [
        ...frequencies.map((frequency) => frequency.div(factor)),
        ...Array.from({ length: still }, () => Real.zero),
      ],
      attention_factor: Real.one,
    };
  },
});
