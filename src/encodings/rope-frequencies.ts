import { Real } from '../numerics/real.js';
import { defineEncoding, type Profile, type TensorKind, type TensorPlan } from './define.js';
import {
  normalizeRope,
  type RopeParams,
  ropeParams,
  ropeProfiles,
  rotaryDim,
  scaling,
} from './rope/parameters.js';
import { realSoftmaxScaleMultiplier, softmaxScaleMultiplier } from './rope/scaling/yarn.js';

type Values = readonly (Real | number)[];

/** Everything the encoding answers, as lists of numbers. */
interface Frequencies {
  readonly inv_freq: Values;
  readonly wavelength: Values;
  readonly divisor: Values;
  readonly attention_factor: Values;
  readonly softmax_scale_multiplier: Values;
  readonly correction_range?: Values;
  readonly ramp?: Values;
}

const twoPi = Real.pi().mul(2);

/** a / b, or Infinity where b is 0. */
function quotient(a: Real, b: Real): Real | number {
  return b.isZero() ? Infinity : a.div(b);
}

function exactFrequencies(params: RopeParams): Frequencies {
  const { law, own, basics } = scaling(params);
  const { inv_freq, attention_factor, correction_range, ramp } = law.exact(own, basics);
  const plain = scaling({ ...params, rope_type: 'default' });
  const unscaled = plain.law.exact({}, { ...plain.basics, rotary_dim: basics.rotary_dim }).inv_freq;
  return {
    inv_freq,
    wavelength: inv_freq.map((w) => quotient(twoPi, w)),
    divisor: inv_freq.map((w, i) => quotient(unscaled[i]!, w)),
    attention_factor: [attention_factor],
    softmax_scale_multiplier: [realSoftmaxScaleMultiplier(own)],
    ...(correction_range && { correction_range }),
    ...(ramp && { ramp }),
  };
}

/** The float32 frequencies; what is derived from them is float64 arithmetic on their values. */
function frameworkFrequencies(params: RopeParams): Frequencies {
  const { law, own, basics } = scaling(params);
  const computed = law.transformers?.(own, basics);
  if (!computed) throw new Error(`rope_type ${law.name} has no profile transformers`);
  const { inv_freq, attention_factor, correction_range, ramp } = computed;
  const plain = scaling({ ...params, rope_type: 'default' });
  const unscaled = plain.law.transformers?.({}, { ...plain.basics, rotary_dim: basics.rotary_dim }).inv_freq;
  const turn = twoPi.toNumber();
  return {
    inv_freq: [...inv_freq],
    wavelength: Array.from(inv_freq, (w) => turn / w),
    divisor: Array.from(inv_freq, (w, i) => (unscaled?.[i] ?? Number.NaN) / w),
    attention_factor: [attention_factor],
    softmax_scale_multiplier: [softmaxScaleMultiplier(own)],
    ...(correction_range && { correction_range: [...correction_range] }),
    ...(ramp && { ramp: [...ramp] }),
  };
}

function frequencies(params: RopeParams, profile: Profile | null): Frequencies {
  return profile === 'exact' ? exactFrequencies(params) : frameworkFrequencies(params);
}

export const ropeFrequencies = defineEncoding({
  id: 'rope-frequencies',
  title: 'RoPE frequencies',
  summary: 'The frequencies of RoPE under any scaling law, with what engines derive from them.',
  status: { level: 'official', note: "The laws as transformers or their authors' code has them." },
  references: [
    {
      title: 'RoFormer: Enhanced Transformer with Rotary Position Embedding',
      url: 'https://arxiv.org/abs/2104.09864',
    },
    {
      title: 'YaRN: Efficient Context Window Extension of Large Language Models',
      url: 'https://arxiv.org/abs/2309.00071',
    },
  ],
  params: ropeParams,
  window: 'none',
  normalize: (params) => normalizeRope(params as RopeParams) as typeof params,
  profiles: [
    {
      name: 'transformers',
      guarantee:
        'inv_freq bit-equal to transformers 5.18.0 with torch 2.13 on an x86-64 CPU (AVX2, glibc); wavelength and divisor are float64 quotients of those float32 values.',
    },
    { name: 'exact', guarantee: 'Every value is the correctly rounded one of the real formula.' },
  ],
  profilesFor: (params) => ropeProfiles(params as RopeParams),
  tensors: ({ params, profile }) => {
    const ropeParameters = params as RopeParams;
    const pairs = Math.ceil(rotaryDim(ropeParameters) / 2);
    let computed: Frequencies | undefined;
    const plan = (
      name: keyof Frequencies,
      shape: readonly number[],
      kind: TensorKind = 'f64',
    ): TensorPlan => ({
      name,
      shape,
      kind,
      recipe: 'reals',
      rows: () => {
        computed ??= frequencies(ropeParameters, profile);
        return { kind: 'reals', values: computed[name] ?? [] };
      },
    });
    return [
      plan('inv_freq', [pairs], 'float'),
      plan('wavelength', [pairs]),
      plan('divisor', [pairs]),
      plan('attention_factor', []),
      plan('softmax_scale_multiplier', []),
      ...(params.rope_type === 'yarn' ? [plan('correction_range', [2]), plan('ramp', [pairs])] : []),
    ];
  },
  tensorDocs: [
    {
      name: 'inv_freq',
      shape: ['d/2'],
      kind: 'float',
      description: 'Radians a position, one a pair of channels.',
    },
    {
      name: 'wavelength',
      shape: ['d/2'],
      kind: 'f64',
      description: 'Positions a turn, 2π / inv_freq; Infinity for a zero frequency.',
    },
    {
      name: 'divisor',
      shape: ['d/2'],
      kind: 'f64',
      description: 'Unscaled over scaled frequency, as GGUF stores it.',
    },
    { name: 'attention_factor', shape: [], kind: 'f64', description: 'What cos and sin are multiplied by.' },
    {
      name: 'softmax_scale_multiplier',
      shape: [],
      kind: 'f64',
      description: 'What the softmax scale is multiplied by (DeepSeek), else 1.',
    },
    {
      name: 'correction_range',
      shape: ['2'],
      kind: 'f64',
      description: 'yarn: first and last pair of the ramp.',
    },
    { name: 'ramp', shape: ['d/2'], kind: 'f64', description: 'yarn: weight of the interpolated frequency.' },
  ],
  examples: [
    { title: 'Head of 128 channels', params: { head_dim: 128 } },
    {
      title: 'Llama 3.1',
      params: {
        head_dim: 128,
        rope_theta: 500000,
        rope_type: 'llama3',
        factor: 8,
        low_freq_factor: 1,
        high_freq_factor: 4,
        original_max_position_embeddings: 8192,
      },
    },
    {
      title: 'DeepSeek-V3',
      params: {
        head_dim: 64,
        rope_type: 'yarn',
        factor: 40,
        original_max_position_embeddings: 4096,
        mscale: 1,
        mscale_all_dim: 1,
      },
    },
  ],
});
