import { z } from 'zod';
import { type FieldError, pointerTo } from '../../../errors.js';
import { Real } from '../../../numerics/real.js';
import { torchPositionFrequencies } from '../../../numerics/torch-inv-freq.js';
import { correctionRange, frameworkCorrectionRange, frameworkRamp, ramp, unitClamp } from './correction.js';
import {
  defineScalingLaw,
  type FrameworkFrequencies,
  type RealFrequencies,
  type RopeBasics,
} from './define.js';
import { multiplier, trainedLength, weight } from './domain.js';
import { log } from './scalar-math.js';
import { unscaledFrequencies } from './unscaled.js';
import { thetaLogarithmErrors, widthError } from './width-error.js';

const params = z.object({
  factor: multiplier.describe('What the lowest frequencies are divided by.'),
  original_max_position_embeddings: trainedLength,
  beta_fast: multiplier
    .default(32)
    .describe('Turns over the trained length from which on a frequency is kept.'),
  beta_slow: multiplier
    .default(1)
    .describe('Turns over the trained length up to which a frequency is divided by the factor.'),
  attention_factor: multiplier
    .optional()
    .describe('Multiplies cos and sin; made from the factor, mscale and mscale_all_dim where left out.'),
  mscale: weight
    .optional()
    .describe(
      'Weight of ln factor above the fraction that makes attention_factor; counts only with mscale_all_dim.',
    ),
  mscale_all_dim: weight
    .optional()
    .describe('Weight of ln factor below that fraction, and in softmax_scale_multiplier.'),
  truncate: z
    .boolean()
    .default(true)
    .describe(
      'Whether the correction range is widened to whole pair indices; no effect with ramp `rotations`.',
    ),
  ramp: z
    .enum(['dimension', 'rotations'])
    .default('dimension')
    .describe(
      'What the ramp is linear in: `dimension` the pair index (code), `rotations` the turns (paper).',
    ),
});

export type YarnParams = z.output<typeof params>;

/** 0.1 · share · ln s + 1, and 1 where nothing is extended (YaRN, section 3.4; DeepSeek adds the share). */
function mscale(scale: number, share: number): number {
  return scale <= 1 ? 1 : 0.1 * share * log(scale) + 1;
}

function realMscale(scale: number, share: number): Real {
  return scale <= 1 ? Real.one : Real.from(scale).ln().mul(share).div(10).add(1);
}

/** The weights above and below the fraction line, where both count. */
function mscalePair(given: YarnParams): readonly [number, number] | undefined {
  return given.mscale && given.mscale_all_dim ? [given.mscale, given.mscale_all_dim] : undefined;
}

function attentionFactor(given: YarnParams): number {
  if (given.attention_factor !== undefined) return given.attention_factor;
  const pair = mscalePair(given);
  return pair ? mscale(given.factor, pair[0]) / mscale(given.factor, pair[1]) : mscale(given.factor, 1);
}

function realAttentionFactor(given: YarnParams): Real {
  if (given.attention_factor !== undefined) return Real.from(given.attention_factor);
  const pair = mscalePair(given);
  return pair
    ? realMscale(given.factor, pair[0]).div(realMscale(given.factor, pair[1]))
    : realMscale(given.factor, 1);
}

/** The factor and share that make the softmax scale; a share of 0 where a law has none. */
function softmaxShare({
  factor,
  mscale_all_dim,
}: Readonly<Record<string, unknown>>): readonly [number, number] {
  return typeof factor === 'number' && typeof mscale_all_dim === 'number' ? [factor, mscale_all_dim] : [1, 0];
}

/**
 * What DeepSeek's attention multiplies its softmax scale by: (0.1 · mscale_all_dim · ln factor + 1)², which is
 * 1 without mscale_all_dim and up to factor 1. Float64, as transformers' `yarn_apply_mscale`. Takes the
 * parameters of any law.
 */
export function softmaxScaleMultiplier(own: Readonly<Record<string, unknown>>): number {
  const scale = mscale(...softmaxShare(own));
  return scale * scale;
}

/** {@link softmaxScaleMultiplier} in real numbers. */
export function realSoftmaxScaleMultiplier(own: Readonly<Record<string, unknown>>): Real {
  return realMscale(...softmaxShare(own)).powInt(2);
}

/** The weight of the interpolated frequency, linear in turns over the trained length (section 3.2). */
function rotationRamp(given: YarnParams, unscaled: readonly Real[]): Real[] {
  const turns = Real.from(given.original_max_position_embeddings).div(Real.pi().mul(2));
  const span = Real.from(given.beta_fast).sub(given.beta_slow);
  return unscaled.map((frequency) =>
    Real.one.sub(unitClamp(turns.mul(frequency).sub(given.beta_slow).div(span))),
  );
}

function exact(given: YarnParams, basics: RopeBasics): RealFrequencies {
  const { factor, beta_fast, beta_slow, original_max_position_embeddings: trained } = given;
  const { rotary_dim, rope_theta } = basics;
  const unscaled = unscaledFrequencies(basics);
  const byRotations = given.ramp === 'rotations';
  const range = byRotations
    ? ([Real.from(beta_slow), Real.from(beta_fast)] as const)
    : correctionRange(beta_fast, beta_slow, rotary_dim, rope_theta, trained, given.truncate);
  const weights = byRotations ? rotationRamp(given, unscaled) : ramp(range, unscaled.length);
  return {
    inv_freq: unscaled.map((frequency, i) => {
      const interpolated = weights[i] ?? Real.zero;
      return frequency.mul(Real.one.sub(interpolated)).add(frequency.div(factor).mul(interpolated));
    }),
    attention_factor: realAttentionFactor(given),
    correction_range: range,
    ramp: weights,
  };
}

/** `_compute_yarn_parameters` of transformers 5.18: float64 scalars, every tensor operation rounded to float32. */
function transformers(given: YarnParams, basics: RopeBasics): FrameworkFrequencies {
  const f32 = Math.fround;
  const { rotary_dim, rope_theta } = basics;
  const range = frameworkCorrectionRange(
    given.beta_fast,
    given.beta_slow,
    rotary_dim,
    rope_theta,
    given.original_max_position_embeddings,
    given.truncate,
  );
  const weights = frameworkRamp(range, rotary_dim / 2);
  const factor = f32(given.factor);
  const inv_freq = torchPositionFrequencies(rope_theta, rotary_dim).map((divisor, i) => {
    const extrapolated = f32(1 / divisor);
    const interpolated = f32(1 / f32(factor * divisor));
    // 1 − (1 − ramp) is not the ramp in float32, so both steps stand.
    const kept = f32(1 - (weights[i] ?? 0));
    return f32(f32(interpolated * f32(1 - kept)) + f32(extrapolated * kept));
  });
  return { inv_freq, attention_factor: attentionFactor(given), correction_range: range, ramp: weights };
}

function check(given: YarnParams, basics: RopeBasics): FieldError[] {
  if (given.ramp === 'rotations') {
    return given.beta_fast > given.beta_slow
      ? []
      : [{ pointer: pointerTo('beta_fast'), detail: 'must be greater than beta_slow with ramp rotations' }];
  }
  // The code's ramp has ⌊r/2⌋ weights for ⌈r/2⌉ frequencies: it fails for an odd r.
  const odd = basics.rotary_dim % 2 === 1;
  return [
    ...thetaLogarithmErrors(basics),
    ...(odd ? [widthError(basics, 'and ramp dimension needs an even one')] : []),
  ];
}

/** YaRN: high frequencies kept, low ones interpolated, a ramp between, and cos and sin made larger. */
export const yarn = defineScalingLaw({
  name: 'yarn',
  title: 'YaRN',
  reference: {
    title: 'YaRN: Efficient Context Window Extension of Large Language Models',
    url: 'https://arxiv.org/abs/2309.00071',
  },
  params,
  check,
  transformers,
  framework_has: (given) => given.ramp === 'dimension',
  exact,
});
