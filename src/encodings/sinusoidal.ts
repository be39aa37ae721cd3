import { z } from 'zod';
import { invalidParameter } from '../errors.js';
import type { AngleRule, PhaseRun } from '../kernels/rows.js';
import { positionCount } from '../kernels/rows.js';
import { catalogueLimits } from '../limits.js';
import { Real } from '../numerics/real.js';
import { defineEncoding, type Profile } from './define.js';

interface SinusoidalParams {
  dim: number;
  variant: string;
  base: number;
}

/** One ordering of the columns and one divisor of the exponent. */
interface Variant {
  readonly name: string;
  readonly says: string;
  /** `dim`: ω_k = base^(−2k/dim). `half`: ω_k = base^(−k/max(⌊dim/2⌋ − 1, 1)), an odd dim ends with a zero column. */
  readonly spacing: 'dim' | 'half';
  readonly columns: (dim: number) => readonly PhaseRun[];
  /** How transformers forms the angle; null where it has no such table. */
  readonly framework: AngleRule | null;
}

const run = (trig: PhaseRun['trig'], offset: number, stride: number, count: number): PhaseRun => ({
  trig,
  offset,
  stride,
  first: 0,
  count,
});

const interleaved = (first: 'sin' | 'cos', second: 'sin' | 'cos') => (dim: number) => [
  run(first, 0, 2, Math.ceil(dim / 2)),
  run(second, 1, 2, Math.floor(dim / 2)),
];

const halves = (first: 'sin' | 'cos', second: 'sin' | 'cos') => (dim: number) => {
  const half = Math.floor(dim / 2);
  return [run(first, 0, 1, half), run(second, half, 1, half), run('zero', 2 * half, 1, dim % 2)];
};

/** The orderings in use, by whoever set them. */
const variants: readonly Variant[] = [
  {
    name: 'vaswani',
    says: 'sine and cosine interleaved, exponent 2k/d (the paper, DistilBERT, XLM)',
    spacing: 'dim',
    columns: interleaved('sin', 'cos'),
    framework: 'f64-quotient',
  },
  {
    name: 'marian',
    says: 'sines, then cosines, exponent 2k/d (Marian, Pegasus, RoFormer)',
    spacing: 'dim',
    columns: (dim) => [
      run('sin', 0, 1, Math.ceil(dim / 2)),
      run('cos', Math.ceil(dim / 2), 1, Math.floor(dim / 2)),
    ],
    framework: 'f64-quotient',
  },
  {
    name: 'tensor2tensor',
    says: 'sines, then cosines, exponent k/(d/2 − 1) (tensor2tensor, fairseq, M2M-100)',
    spacing: 'half',
    columns: halves('sin', 'cos'),
    framework: 'f32-product',
  },
  {
    name: 'whisper',
    says: 'as tensor2tensor (Whisper, Qwen-Omni audio)',
    spacing: 'half',
    columns: halves('sin', 'cos'),
    framework: 'f32-product',
  },
  {
    name: 'musicgen',
    says: 'cosines, then sines, exponent k/(d/2 − 1) (MusicGen)',
    spacing: 'half',
    columns: halves('cos', 'sin'),
    framework: 'f32-product',
  },
  {
    name: 'cos_first',
    says: 'cosine and sine interleaved, exponent 2k/d (kexue 9706)',
    spacing: 'dim',
    columns: interleaved('cos', 'sin'),
    framework: null,
  },
];

function variantNamed(name: string): Variant {
  const variant = variants.find((candidate) => candidate.name === name);
  if (!variant) throw invalidParameter('variant', `there is no variant ${name}`);
  return variant;
}

function pairCount({ spacing }: Variant, dim: number): number {
  return spacing === 'dim' ? Math.ceil(dim / 2) : Math.floor(dim / 2);
}

/** ω_k as real numbers, one power and then products. */
function realFrequencies(variant: Variant, { dim, base }: SinusoidalParams): Real[] {
  const step =
    variant.spacing === 'dim' ? Real.ratio(-2, dim) : Real.ratio(-1, Math.max(Math.floor(dim / 2) - 1, 1));
  const ratio = Real.from(base).pow(step);
  const frequencies: Real[] = [];
  let frequency = Real.one;
  for (let k = 0; k < pairCount(variant, dim); k++, frequency = frequency.mul(ratio))
    frequencies.push(frequency);
  return frequencies;
}

/** `np.power(base, 2k/dim)`: float64 divisors, correctly rounded. */
function frameworkDivisors({ dim, base }: SinusoidalParams): Real[] {
  return Array.from({ length: Math.ceil(dim / 2) }, (_, k) =>
    Real.from(
      Real.from(base)
        .pow(Real.from((2 * k) / dim))
        .toNumber(),
    ),
  );
}

/**
 * `torch.exp(arange(half).float() · −(log(base)/(half − 1)))`: float32 product, then exp, here correctly rounded
 * (torch takes MKL's, which is unpublished and differs by one ulp in 1–2 % of columns).
 */
function frameworkExponentials({ dim, base }: SinusoidalParams): Real[] {
  const half = Math.floor(dim / 2);
  const step = -(Real.from(base).ln().toNumber() / Math.max(half - 1, 1));
  return Array.from({ length: half }, (_, k) => {
    const exponent = Math.fround(k * Math.fround(step));
    return Real.from(exponent === 0 ? 1 : Real.from(exponent).exp().round('f32'));
  });
}

function phases(
  params: SinusoidalParams,
  profile: Profile | null,
): { angle: AngleRule; frequencies: Real[] } {
  const variant = variantNamed(params.variant);
  if (profile === 'exact' || variant.framework === null) {
    return { angle: 'real', frequencies: realFrequencies(variant, params) };
  }
  const make = variant.framework === 'f64-quotient' ? frameworkDivisors : frameworkExponentials;
  return { angle: variant.framework, frequencies: make(params) };
}

export const sinusoidal = defineEncoding({
  id: 'sinusoidal',
  title: 'Sinusoidal position embedding',
  summary: 'The absolute embedding of the Transformer paper, in each of the column orders that are in use.',
  status: { level: 'official', note: "The paper's formula; the orderings as their projects' code has them." },
  references: [{ title: 'Attention Is All You Need', url: 'https://arxiv.org/abs/1706.03762' }],
  params: z.object({
    dim: z.int().min(2).max(catalogueLimits.head_dim).describe('Width of the embedding.'),
    variant: z
      .enum(variants.map(({ name }) => name) as [string, ...string[]])
      .default('vaswani')
      .describe(
        `Order of the columns and spacing of the frequencies: ${variants.map((v) => `\`${v.name}\` ${v.says}`).join('; ')}.`,
      ),
    base: z
      .number()
      .min(1)
      .max(1e300)
      .default(10000)
      .describe('Base of the geometric sequence of wavelengths.'),
  }),
  window: 'fractions',
  profiles: [
    {
      name: 'transformers',
      guarantee:
        'vaswani and marian: computed in float64 as numpy does, rounded once to float32. tensor2tensor, whisper, musicgen: float32 angles of float32 frequencies that are the correctly rounded exponentials (torch takes MKL, which differs by one ulp in 1–2 % of the columns); cos and sin of that angle rounded to float32. Narrower dtypes round the float32 value once more, f64 widens it.',
    },
    {
      name: 'exact',
      guarantee: 'Every value is the correctly rounded one of the real formula, in the dtype asked for.',
    },
  ],
  profilesFor: ({ variant }) =>
    variantNamed(variant).framework === null ? ['exact'] : ['transformers', 'exact'],
  tensors: ({ params, positions, profile }) => [
    {
      name: 'table',
      shape: [positionCount(positions), params.dim],
      kind: 'float',
      recipe: 'phase',
      rows: () => {
        const { angle, frequencies } = phases(params, profile);
        return {
          kind: 'phase',
          angle,
          phases: { frequencies, scale: Real.one },
          positions,
          width: params.dim,
          runs: variantNamed(params.variant).columns(params.dim),
        };
      },
    },
  ],
  tensorDocs: [{ name: 'table', shape: ['N', 'd'], kind: 'float', description: 'One row a position.' }],
  examples: [
    { title: 'The table of the paper', params: { dim: 512, length: 16, dtype: 'f32' } },
    { title: 'Whisper', params: { dim: 384, variant: 'whisper', length: 16 } },
    { title: 'Between two positions', params: { dim: 64, positions: [0, 0.5, 1] } },
  ],
});
