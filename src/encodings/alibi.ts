import { z } from 'zod';
import { type FieldError, invalidParameters, pointerTo } from '../errors.js';
import type { SlopeDistanceRows } from '../kernels/rows.js';
import { catalogueLimits } from '../limits.js';
import { Real } from '../numerics/real.js';
import { torchPowScalarBase } from '../numerics/torch-pow.js';
import { defineEncoding, type Profile } from './define.js';

const paper = {
  title: 'Train Short, Test Long: Attention with Linear Biases',
  url: 'https://arxiv.org/abs/2108.12409',
};
const official = {
  level: 'official',
  note: "The authors' text and code; bloom, mpt and falcon as in transformers.",
} as const;

const numHeads = z.int().min(1).max(catalogueLimits.num_heads).describe('Number of attention heads.');
const biasMax = z
  .number()
  .positive()
  .max(1024)
  .optional()
  .describe('Exponent reached by the last head; variant `mpt` only. Default 8.');

interface SlopeParams {
  num_heads: number;
  variant: string;
  alibi_bias_max?: number | undefined;
}

/** Largest power of two not above n. */
function powerOfTwoBelow(n: number): number {
  return 2 ** (31 - Math.clz32(n));
}

/**
 * Exponents e of the slopes 2^−e as fractions [numerator, denominator], in head order (ALiBi, section 3; the
 * order for head counts that are no power of two is that of the authors' code; `mpt` is llm-foundry's).
 */
function exponents({ num_heads, variant, alibi_bias_max = 8 }: SlopeParams): [number, number][] {
  if (variant === 'mpt') {
    const power = powerOfTwoBelow(num_heads) === num_heads ? num_heads : 2 * powerOfTwoBelow(num_heads);
    return mptOrder(num_heads, power).map((m) => [m * alibi_bias_max, power]);
  }
  const power = powerOfTwoBelow(num_heads);
  const first: [number, number][] = Array.from({ length: power }, (_, i) => [8 * (i + 1), power]);
  const rest: [number, number][] = Array.from({ length: num_heads - power }, (_, i) => [
    4 * (2 * i + 1),
    power,
  ]);
  return [...first, ...rest];
}

/** 1 … power in head order: every second one first where the head count is no power of two. */
function mptOrder(heads: number, power: number): number[] {
  const all = Array.from({ length: power }, (_, i) => i + 1);
  if (heads === power) return all;
  return [...all.filter((m) => m % 2 === 0), ...all.filter((m) => m % 2 === 1)].slice(0, heads);
}

function realSlopes(params: SlopeParams): Real[] {
  const bias = Real.from(params.variant === 'mpt' ? (params.alibi_bias_max ?? 8) : 1);
  if (params.variant === 'mpt') {
    // The factor may be any float64, so it enters as the exact number it is.
    return exponents({ ...params, alibi_bias_max: 1 }).map(([a, b]) =>
      Real.two.pow(Real.ratio(-a, b).mul(bias)),
    );
  }
  return exponents(params).map(([a, b]) => Real.two.pow(Real.ratio(-a, b)));
}

/** float32 slopes in the order of operations of transformers: `build_alibi_tensor`, `build_mpt_alibi_tensor`. */
function frameworkSlopes({ num_heads, variant, alibi_bias_max = 8 }: SlopeParams): Float32Array {
  if (variant === 'mpt') {
    const power = powerOfTwoBelow(num_heads) === num_heads ? num_heads : 2 * powerOfTwoBelow(num_heads);
    const step = Math.fround(alibi_bias_max / power);
    const powers = torchPowScalarBase(
      2,
      Float32Array.from({ length: power }, (_, i) => (i + 1) * step),
    );
    const slopes = powers.map((q) => 1 / q);
    return Float32Array.from(mptOrder(num_heads, power), (m) => slopes[m - 1]!);
  }
  const power = powerOfTwoBelow(num_heads);
  const base = (eighths: number) => Math.fround(Real.two.pow(Real.ratio(-eighths, power)).toNumber());
  const first = torchPowScalarBase(
    base(8),
    Float32Array.from({ length: power }, (_, i) => i + 1),
  );
  const rest = torchPowScalarBase(
    base(4),
    Float32Array.from({ length: num_heads - power }, (_, i) => 2 * i + 1),
  );
  return Float32Array.from([...first, ...rest]);
}

function slopes(params: SlopeParams, profile: Profile | null): Real[] {
  return profile === 'exact'
    ? realSlopes(params)
    : Array.from(frameworkSlopes(params), (slope) => Real.from(slope));
}

function checkBiasMax(params: SlopeParams, errors: FieldError[]): void {
  if (params.alibi_bias_max !== undefined && params.variant !== 'mpt') {
    errors.push({ pointer: pointerTo('alibi_bias_max'), detail: 'has a meaning with variant mpt only' });
  }
}

function withBiasMax<P extends SlopeParams>(params: P): P {
  return params.variant === 'mpt' ? { ...params, alibi_bias_max: params.alibi_bias_max ?? 8 } : params;
}

const profiles = [
  {
    name: 'transformers',
    guarantee:
      'Slopes and products as float32 in the operation order of transformers 5.18.0 with torch 2.13 on x86-64 (AVX2, glibc); falcon in bfloat16 as there. Narrower dtypes round the float32 value once more, f64 widens it.',
  },
  {
    name: 'exact',
    guarantee: 'Every value is the correctly rounded one of the real product, in the dtype asked for.',
  },
] as const;

const profilesFor = ({ variant }: { variant: string }): Profile[] =>
  variant === 'press' ? ['exact'] : ['transformers', 'exact'];

export const alibiSlopes = defineEncoding({
  id: 'alibi-slopes',
  title: 'ALiBi slopes',
  summary:
    'The slope of each attention head of ALiBi: a geometric sequence that depends on the number of heads alone.',
  status: official,
  references: [paper],
  params: z.object({
    num_heads: numHeads,
    variant: z
      .enum(['press', 'bloom', 'mpt'])
      .default('press')
      .describe("`press` the authors' list, `bloom` powers of a float32 base, `mpt` llm-foundry's order."),
    alibi_bias_max: biasMax,
  }),
  window: 'none',
  normalize(params) {
    const errors: FieldError[] = [];
    checkBiasMax(params, errors);
    if (errors.length > 0) throw invalidParameters(errors);
    return withBiasMax(params);
  },
  profiles,
  profilesFor,
  tensors: ({ params, profile }) => [
    {
      name: 'slopes',
      shape: [params.num_heads],
      kind: 'float',
      recipe: 'reals',
      rows: () => ({ kind: 'reals', values: slopes(params, profile) }),
    },
  ],
  tensorDocs: [{ name: 'slopes', shape: ['H'], kind: 'float', description: 'One positive slope a head.' }],
  examples: [
    { title: 'Eight heads', params: { num_heads: 8 } },
    { title: 'BLOOM-176B', params: { num_heads: 112, variant: 'bloom' } },
    { title: 'MPT-30B', params: { num_heads: 64, variant: 'mpt', alibi_bias_max: 8 } },
  ],
});

const length = (text: string) => z.int().min(1).max(catalogueLimits.length).describe(text);

export const alibiBias = defineEncoding({
  id: 'alibi-bias',
  title: 'ALiBi bias',
  summary:
    'The bias that ALiBi adds to attention scores: as a matrix of −slope · distance, or as the one row a head that implementations use because softmax does not see a shift.',
  status: official,
  references: [paper],
  params: z.object({
    num_heads: numHeads,
    variant: z
      .enum(['press', 'bloom', 'mpt', 'falcon'])
      .default('press')
      .describe('Whose slopes and products: `falcon` computes in bfloat16.'),
    alibi_bias_max: biasMax,
    form: z
      .enum(['matrix', 'row'])
      .default('matrix')
      .describe(
        '`matrix` [H, Q, K]: −slope · |q − k|; `row` [H, K]: slope · key position (bloom, falcon) or slope · (key − K + 1) (mpt).',
      ),
    query_length: length(
      'Number of queries; the last query stands at the last key. Default key_length.',
    ).optional(),
    key_length: length('Number of keys.'),
    causal: z
      .boolean()
      .default(false)
      .describe('−Infinity where the key is after the query; form `matrix` only.'),
  }),
  window: 'none',
  normalize(params) {
    const errors: FieldError[] = [];
    checkBiasMax(params, errors);
    if (params.form === 'row') {
      if (params.variant === 'press') {
        errors.push({ pointer: pointerTo('form'), detail: 'row does not exist with variant press' });
      }
      if (params.causal)
        errors.push({ pointer: pointerTo('causal'), detail: 'has a meaning with form matrix only' });
    }
    if (errors.length > 0) throw invalidParameters(errors);
    const { query_length, causal, ...shared } = withBiasMax(params);
    if (params.form === 'row') return shared as typeof params;
    return { ...shared, query_length: query_length ?? params.key_length, causal };
  },
  profiles,
  profilesFor,
  tensors: ({ params, profile }) => {
    const { num_heads, key_length, form, variant, causal } = params;
    const query_length = form === 'row' ? 1 : (params.query_length ?? key_length);
    const rows = (): SlopeDistanceRows => ({
      kind: 'slope-distance',
      slopes: slopes(params, profile),
      queryLength: query_length,
      keyLength: key_length,
      factor: form === 'matrix' ? 'distance' : variant === 'mpt' ? 'key-last' : 'key',
      causal: form === 'matrix' && causal,
      rounding: profile === 'exact' ? 'real' : variant === 'falcon' ? 'bf16' : 'f32',
    });
    const shape = form === 'row' ? [num_heads, key_length] : [num_heads, query_length, key_length];
    return [{ name: 'bias', shape, kind: 'float', recipe: 'slope-distance', rows }];
  },
  tensorDocs: [
    {
      name: 'bias',
      shape: ['H', 'Q', 'K'],
      kind: 'float',
      description: 'What is added to the scores; [H, K] for form `row`.',
    },
  ],
  examples: [
    { title: 'Eight heads, causal', params: { num_heads: 8, key_length: 16, causal: true } },
    {
      title: 'One row a head, as BLOOM adds it',
      params: { num_heads: 112, variant: 'bloom', form: 'row', key_length: 64 },
    },
    {
      title: 'Falcon in bfloat16',
      params: { num_heads: 71, variant: 'falcon', form: 'row', key_length: 64, dtype: 'bf16' },
    },
  ],
});
