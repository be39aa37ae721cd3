import { z } from 'zod';
import { Real } from '../../../numerics/real.js';
import { torchInvFreq } from '../../../numerics/torch-inv-freq.js';
import { defineScalingLaw } from './define.js';
import { multiplier, trainedLength } from './domain.js';
import { unscaledFrequencies } from './unscaled.js';

const params = z.object({
  factor: multiplier.describe('What the low frequencies are divided by.'),
  low_freq_factor: multiplier.describe(
    'Wavelengths longer than original_max_position_embeddings over this are divided by the factor.',
  ),
  high_freq_factor: multiplier.describe(
    'Wavelengths shorter than original_max_position_embeddings over this are kept.',
  ),
  original_max_position_embeddings: trainedLength,
});

type Llama3Params = z.output<typeof params>;

/**
 * One frequency in the operation order of transformers' `_compute_llama3_parameters`. torch divides a scalar by
 * a tensor as the tensor's reciprocal times the scalar: two roundings.
 */
function frameworkFrequency(frequency: number, given: Llama3Params): number {
  const f32 = Math.fround;
  const { low_freq_factor: lo, high_freq_factor: hi, original_max_position_embeddings: trained } = given;
  const factor = f32(given.factor);
  const wavelength = f32(f32(1 / frequency) * f32(2 * Math.PI));
  const isLong = wavelength > f32(trained / lo);
  const isShort = wavelength < f32(trained / hi);
  const kept = isLong ? f32(frequency / factor) : frequency;
  if (isLong || isShort) return kept;
  const turns = f32(f32(1 / wavelength) * f32(trained));
  const smooth = f32(f32(turns - f32(lo)) / f32(hi - lo));
  return f32(f32(f32(f32(1 - smooth) * kept) / factor) + f32(smooth * kept));
}

function realFrequency(frequency: Real, given: Llama3Params): Real {
  const { factor, low_freq_factor: lo, high_freq_factor: hi } = given;
  // Turns over the trained length: L/wavelength. A wavelength is longer than L/lo where they are fewer than lo.
  const turns = frequency.mul(given.original_max_position_embeddings).div(Real.pi().mul(2));
  if (turns.compare(lo) < 0) return frequency.div(factor);
  if (turns.compare(hi) > 0) return frequency;
  const smooth = turns.sub(lo).div(Real.from(hi).sub(lo));
  return frequency.div(factor).mul(Real.one.sub(smooth)).add(frequency.mul(smooth));
}

/** Llama 3.1: by wavelength, short ones kept, long ones divided by the factor, those between blended. */
export const llama3 = defineScalingLaw({
  name: 'llama3',
  title: 'Llama 3.1 scaling',
  reference: { title: 'The Llama 3 Herd of Models, and its code', url: 'https://arxiv.org/abs/2407.21783' },
  params,
  transformers: (given, basics) => ({
    inv_freq: torchInvFreq(basics.rope_theta, basics.rotary_dim).map((frequency) =>
      frameworkFrequency(frequency, given),
    ),
    attention_factor: 1,
  }),
  exact: (given, basics) => ({
    inv_freq: unscaledFrequencies(basics).map((frequency) => realFrequency(frequency, given)),
    attention_factor: Real.one,
  }),
});
