import { z } from 'zod';
import { Real } from '../../../numerics/real.js';
import { correctionRange, ramp } from './correction.js';
import { defineScalingLaw, type RopeBasics } from './define.js';
import { multiplier, trainedLength } from './domain.js';
import { ntkBase } from './ntk.js';
import { frequencyCount, geometricFrequencies, unscaledFrequencies } from './unscaled.js';
import { ntkWidthErrors, thetaLogarithmErrors } from './width-error.js';

/** Rotations between which linear gives way to NTK, and NTK to no scaling; found by experiment on LLaMA. */
const linearToNtk = [1.25, 0.75] as const;
const ntkToUnscaled = [16, 2] as const;

/** `above` and `below` mixed by the weight of `above`, which falls over the range of rotations. */
function blend(
  below: readonly Real[],
  above: readonly Real[],
  [fast, slow]: readonly [number, number],
  weight: number,
  trained: number,
  basics: RopeBasics,
): Real[] {
  const range = correctionRange(fast, slow, basics.rotary_dim, basics.rope_theta, trained, true);
  const falling = ramp(range, below.length).map((y) => Real.one.sub(y).mul(weight));
  return below.map((frequency, i) => {
    const share = falling[i] ?? Real.zero;
    return frequency.mul(Real.one.sub(share)).add((above[i] ?? Real.zero).mul(share));
  });
}

/** The forerunner of YaRN: low frequencies interpolated, middle ones NTK-scaled, high ones kept. */
export const ntkByParts = defineScalingLaw({
  name: 'ntk-by-parts',
  title: 'NTK-by-parts',
  reference: {
    title: "YaRN's code, LlamaPartNTKScaledRotaryEmbedding",
    url: 'https://github.com/jquesnelle/yarn',
  },
  params: z.object({
    factor: multiplier.describe('What the lowest frequencies are divided by.'),
    original_max_position_embeddings: trainedLength,
    ntk_factor: z
      .number()
      .min(0)
      .max(1)
      .default(1)
      .describe('Weight of NTK scaling where it replaces interpolation.'),
    extrapolation_factor: z
      .number()
      .min(0)
      .max(1)
      .default(1)
      .describe('Weight of the unscaled frequencies where they replace NTK scaling.'),
  }),
  check: (_params, basics) => [...ntkWidthErrors(basics), ...thetaLogarithmErrors(basics)],
  transformers: null,
  exact: (
    { factor, original_max_position_embeddings: trained, ntk_factor, extrapolation_factor },
    basics,
  ) => {
    const { rope_theta, rotary_dim } = basics;
    const unscaled = unscaledFrequencies(basics);
    const interpolated = unscaled.map((frequency) => frequency.div(factor));
    const stretched = geometricFrequencies(
      ntkBase(rope_theta, factor, rotary_dim),
      rotary_dim,
      frequencyCount(basics),
    );
    const low = blend(interpolated, stretched, linearToNtk, ntk_factor, trained, basics);
    return {
      inv_freq: blend(low, unscaled, ntkToUnscaled, extrapolation_factor, trained, basics),
      attention_factor: Real.one,
    };
  },
});
