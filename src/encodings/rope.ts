import { z } from 'zod';
import { invalidParameter } from '../errors.js';
import { type PhaseRun, type Phases, positionCount } from '../kernels/rows.js';
import { catalogueLimits } from '../limits.js';
import { Real } from '../numerics/real.js';
import { defineEncoding, type Profile, type TensorPlan } from './define.js';
import {
  normalizeRope,
  type RopeParams,
  ropeGuarantees,
  ropeParams,
  ropeProfiles,
  rotaryDim,
  scaling,
} from './rope/parameters.js';

type Trig = 'cos' | 'sin';

/** Where the pairs of one row go, one layout an entry: its tensors, each with its width and its runs. */
const layouts: Readonly<
  Record<
    string,
    {
      says: string;
      tensors: (pairs: number) => { name: string; width: number; runs: PhaseRun[]; complex?: true }[];
    }
  >
> = {
  half: {
    says: 'rotate-half (NeoX): each frequency at j and j + d/2',
    tensors: (pairs) =>
      both((trig) => ({ width: 2 * pairs, runs: [run(trig, 0, 1, pairs), run(trig, pairs, 1, pairs)] })),
  },
  interleaved: {
    says: 'GPT-J: each frequency at 2j and 2j + 1',
    tensors: (pairs) =>
      both((trig) => ({ width: 2 * pairs, runs: [run(trig, 0, 2, pairs), run(trig, 1, 2, pairs)] })),
  },
  compact: {
    says: 'each frequency once, width d/2',
    tensors: (pairs) => both((trig) => ({ width: pairs, runs: [run(trig, 0, 1, pairs)] })),
  },
  packed: {
    says: 'one tensor cos_sin_cache, cosines then sines (vLLM)',
    tensors: (pairs) => [
      {
        name: 'cos_sin_cache',
        width: 2 * pairs,
        runs: [run('cos', 0, 1, pairs), run('sin', pairs, 1, pairs)],
      },
    ],
  },
  complex: {
    says: 'one tensor freqs_cis of complex numbers cos + i·sin (Llama)',
    tensors: (pairs) => [
      {
        name: 'freqs_cis',
        width: 2 * pairs,
        runs: [run('cos', 0, 2, pairs), run('sin', 1, 2, pairs)],
        complex: true,
      },
    ],
  },
};

function run(trig: Trig, offset: number, stride: number, count: number): PhaseRun {
  return { trig, offset, stride, first: 0, count };
}

function both(make: (trig: Trig) => { width: number; runs: PhaseRun[] }) {
  return (['cos', 'sin'] as const).map((trig) => ({ name: trig, ...make(trig) }));
}

function layoutNamed(name: string) {
  const layout = layouts[name];
  if (!layout) throw invalidParameter('layout', `there is no layout ${name}`);
  return layout;
}

/** Frequencies and scale of the phases in a profile. Throws where the law has no such profile. */
export function ropePhases(params: RopeParams, profile: Profile | null): Phases {
  const { law, own, basics } = scaling(params);
  if (profile === 'exact') {
    const { inv_freq, attention_factor } = law.exact(own, basics);
    return { frequencies: inv_freq, scale: attention_factor };
  }
  if (!law.transformers)
    throw invalidParameter('profile', `rope_type ${law.name} has no profile transformers`);
  const { inv_freq, attention_factor } = law.transformers(own, basics);
  return { frequencies: Array.from(inv_freq, (w) => Real.from(w)), scale: Real.from(attention_factor) };
}

/** The phases that LongRoPE leaves its first positions: unscaled frequencies, the same attention factor. */
function unscaled(params: RopeParams, profile: Profile | null, scale: Real): Phases {
  const { head_dim, rope_theta, partial_rotary_factor } = params;
  const plain = ropePhases({ head_dim, rope_theta, partial_rotary_factor, rope_type: 'default' }, profile);
  return { frequencies: plain.frequencies, scale };
}

export const rope = defineEncoding({
  id: 'rope',
  title: 'Rotary position embedding (RoPE)',
  summary:
    'Cosines and sines of position · frequency, one row a position: the cache that attention layers multiply queries and keys with.',
  status: {
    level: 'official',
    note: "The paper's formula; the scaling laws as transformers or their authors' code has them.",
  },
  references: [
    {
      title: 'RoFormer: Enhanced Transformer with Rotary Position Embedding',
      url: 'https://arxiv.org/abs/2104.09864',
    },
  ],
  params: ropeParams.extend({
    unscaled_positions: z
      .int()
      .min(0)
      .max(catalogueLimits.length)
      .optional()
      .describe(
        'Positions below it keep the frequencies of rope_type default; for rope_type longrope. Default 0.',
      ),
    layout: z
      .enum(Object.keys(layouts) as [string, ...string[]])
      .default('half')
      .describe(
        `Where the frequencies stand in a row: ${Object.entries(layouts)
          .map(([name, { says }]) => `\`${name}\` ${says}`)
          .join('; ')}.`,
      ),
  }),
  window: 'fractions',
  normalize(params) {
    const { unscaled_positions, layout, ...shared } = params;
    if (unscaled_positions !== undefined && params.rope_type !== 'longrope') {
      throw invalidParameter('unscaled_positions', `is not a parameter of rope_type ${params.rope_type}`);
    }
    const normalized = normalizeRope(shared as RopeParams) as typeof shared;
    const longrope = params.rope_type === 'longrope' ? { unscaled_positions: unscaled_positions ?? 0 } : {};
    return { ...normalized, ...longrope, layout } as typeof params;
  },
  profiles: ropeGuarantees,
  profilesFor: (params) => ropeProfiles(params as RopeParams),
  tensors: ({ params, positions, profile }) => {
    const ropeParameters = params as RopeParams;
    const pairs = Math.ceil(rotaryDim(ropeParameters) / 2);
    const rowCount = positionCount(positions);
    return layoutNamed(params.layout)
      .tensors(pairs)
      .map(
        ({ name, width, runs, complex }): TensorPlan => ({
          name,
          shape: [rowCount, complex ? pairs : width],
          kind: complex ? 'complex' : 'float',
          recipe: 'phase',
          rows: () => {
            const phases = ropePhases(ropeParameters, profile);
            const boundary = params.unscaled_positions ?? 0;
            const below = boundary > 0 && {
              position: boundary,
              phases: unscaled(ropeParameters, profile, phases.scale),
            };
            return {
              kind: 'phase',
              angle: profile === 'exact' ? 'real' : 'f32-product',
              phases,
              ...(below && { below }),
              positions,
              width,
              runs,
            };
          },
        }),
      );
  },
  tensorDocs: [
    {
      name: 'cos',
      shape: ['N', 'w'],
      kind: 'float',
      description: 'Cosines; w is d, or d/2 for layout `compact`.',
    },
    { name: 'sin', shape: ['N', 'w'], kind: 'float', description: 'Sines, laid out alike.' },
    {
      name: 'cos_sin_cache',
      shape: ['N', 'd'],
      kind: 'float',
      description: 'Layout `packed`: cosines, then sines.',
    },
    {
      name: 'freqs_cis',
      shape: ['N', 'd/2'],
      kind: 'complex',
      description: 'Layout `complex`: cos + i·sin.',
    },
  ],
  examples: [
    {
      title: 'Llama 3.1 8B, as its layers use it',
      params: {
        head_dim: 128,
        rope_theta: 500000,
        rope_type: 'llama3',
        factor: 8,
        low_freq_factor: 1,
        high_freq_factor: 4,
        original_max_position_embeddings: 8192,
        length: 16,
        dtype: 'bf16',
      },
    },
    { title: 'A plain cache for vLLM', params: { head_dim: 128, length: 16, layout: 'packed' } },
    {
      title: 'Qwen stretched by YaRN',
      params: {
        head_dim: 128,
        rope_theta: 1000000,
        rope_type: 'yarn',
        factor: 4,
        original_max_position_embeddings: 32768,
        start: 65536,
        length: 8,
      },
    },
    {
      title: 'Positions between the integers, correctly rounded',
      params: { head_dim: 64, positions: [0, 0.25, 0.5], profile: 'exact', dtype: 'f64' },
    },
  ],
});
