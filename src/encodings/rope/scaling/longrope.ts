import { z } from 'zod';
import { type FieldError, pointerTo } from '../../../errors.js';
import { Real } from '../../../numerics/real.js';
import { torchPositionFrequencies } from '../../../numerics/torch-inv-freq.js';
import { defineScalingLaw, type RopeBasics } from './define.js';
import { multiplier, trainedLength } from './domain.js';
import { log } from './scalar-math.js';
import { frequencyCount, unscaledFrequencies } from './unscaled.js';

const divisors = z.array(multiplier);

const params = z.object({
  short_factor: divisors.describe(
    'What each frequency is divided by up to the trained length, one number a pair.',
  ),
  long_factor: divisors.describe(
    'What each frequency is divided by beyond the trained length, one number a pair.',
  ),
  original_max_position_embeddings: trainedLength,
  factor: multiplier
    .optional()
    .describe(
      'Context extension that makes attention_factor; max_position_embeddings / original_max_position_embeddings where left out.',
    ),
  attention_factor: multiplier
    .optional()
    .describe(
      'Multiplies cos and sin; √(1 + ln factor / ln original_max_position_embeddings) where left out.',
    ),
  seq_len: z
    .int()
    .min(1)
    .optional()
    .describe(
      'Length of the sequence: the long list is used beyond original_max_position_embeddings, else the short one.',
    ),
});

type LongropeParams = z.output<typeof params>;

/** The long list if and only if the sequence is longer than the training's. */
function divisorsOf(given: LongropeParams): readonly number[] {
  return (given.seq_len ?? 0) > given.original_max_position_embeddings
    ? given.long_factor
    : given.short_factor;
}

function attentionFactor(given: LongropeParams, basics: RopeBasics): number {
  const { attention_factor, factor, original_max_position_embeddings: trained } = given;
  if (attention_factor !== undefined) return attention_factor;
  const scale = factor ?? (basics.max_position_embeddings ?? trained) / trained;
  return scale <= 1 ? 1 : Math.sqrt(1 + log(scale) / log(trained));
}

function realAttentionFactor(given: LongropeParams, basics: RopeBasics): Real {
  const { attention_factor, factor, original_max_position_embeddings: trained } = given;
  if (attention_factor !== undefined) return Real.from(attention_factor);
  const scale =
    factor === undefined ? Real.ratio(basics.max_position_embeddings ?? trained, trained) : Real.from(factor);
  if (scale.compare(1) <= 0) return Real.one;
  return scale.ln().div(Real.from(trained).ln()).add(1).sqrt();
}

function lengthErrors(given: LongropeParams, basics: RopeBasics): FieldError[] {
  const count = frequencyCount(basics);
  return (['short_factor', 'long_factor'] as const)
    .filter((name) => given[name].length !== count)
    .map((name) => ({
      pointer: pointerTo(name),
      detail: `has ${given[name].length} numbers where a rotary width of ${basics.rotary_dim} has ${count} pairs`,
    }));
}

function attentionErrors(given: LongropeParams, basics: RopeBasics): FieldError[] {
  if (given.attention_factor !== undefined) return [];
  const { factor, original_max_position_embeddings: trained } = given;
  const { max_position_embeddings } = basics;
  if (factor === undefined && max_position_embeddings === undefined) {
    return [
      {
        pointer: pointerTo('factor'),
        detail: 'is required, or max_position_embeddings or attention_factor in its place',
      },
    ];
  }
  return trained === 1 && (factor ?? max_position_embeddings ?? 1) > 1
    ? [
        {
          pointer: pointerTo('original_max_position_embeddings'),
          detail: 'must not be 1: attention_factor divides by its logarithm',
        },
      ]
    : [];
}

/** LongRoPE: one divisor a frequency, found by search, with a list for short and one for long sequences. */
export const longrope = defineScalingLaw({
  name: 'longrope',
  title: 'LongRoPE',
  reference: {
    title: 'LongRoPE: Extending LLM Context Window Beyond 2 Million Tokens',
    url: 'https://arxiv.org/abs/2402.13753',
  },
  params,
  uses_max_position_embeddings: true,
  check: (given, basics) => [...lengthErrors(given, basics), ...attentionErrors(given, basics)],
  transformers: (given, basics) => {
    const stretch = Float32Array.from(divisorsOf(given));
    return {
      inv_freq: torchPositionFrequencies(basics.rope_theta, basics.rotary_dim).map(
        (divisor, i) => 1 / Math.fround((stretch[i] ?? 1) * divisor),
      ),
      attention_factor: attentionFactor(given, basics),
    };
  },
  exact: (given, basics) => {
    const stretch = divisorsOf(given);
    return {
      inv_freq: unscaledFrequencies(basics).map((frequency, i) => frequency.div(stretch[i] ?? 1)),
      attention_factor: realAttentionFactor(given, basics),
    };
  },
});
