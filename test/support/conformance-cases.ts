import type { z } from 'zod';
import type { AnyEncoding } from '../../src/encodings/define.js';
import { PosencError } from '../../src/errors.js';
import { planTable, type TablePlan } from '../../src/table.js';
import { limits, type Params } from './tables.js';

/** What is asked of one encoding, free of profile, dtype and format. */
export interface ConformanceCase {
  readonly encoding: AnyEncoding;
  /** As in a JSON body. */
  readonly params: Params;
}

/** One of each scaling law that no example shows, and of its parameters. */
const scaled: readonly Params[] = [
  { head_dim: 9, partial_rotary_factor: 0.6 },
  { head_dim: 16, rope_type: 'linear', factor: 4 },
  { head_dim: 16, rope_type: 'ntk', factor: 4 },
  { head_dim: 16, rope_type: 'ntk', alpha: 4 },
  { head_dim: 16, rope_type: 'dynamic', factor: 2, max_position_embeddings: 64, seq_len: 100 },
  {
    head_dim: 16,
    rope_type: 'ntk-by-parts',
    factor: 4,
    original_max_position_embeddings: 64,
    ntk_factor: 0.75,
    extrapolation_factor: 0.5,
  },
  {
    head_dim: 16,
    rope_type: 'yarn',
    factor: 4,
    original_max_position_embeddings: 64,
    beta_fast: 16,
    beta_slow: 2,
    attention_factor: 1.25,
  },
  {
    head_dim: 8,
    rope_type: 'longrope',
    short_factor: [1, 1.125, 1.5, 2],
    long_factor: [1, 2.5, 4, 8],
    original_max_position_embeddings: 64,
    max_position_embeddings: 256,
    seq_len: 100,
  },
  { head_dim: 16, rope_type: 'proportional', partial_rotary_factor: 0.25 },
];

/** Cases that show what no example does, by encoding. An encoding whose examples show all of it needs none. */
const further: Readonly<Record<string, readonly Params[]>> = {
  rope: [
    ...scaled.map((params) => ({ ...params, length: 5 })),
    {
      head_dim: 4,
      rope_type: 'longrope',
      short_factor: [1, 2],
      long_factor: [2, 4],
      original_max_position_embeddings: 64,
      attention_factor: 1.25,
      unscaled_positions: 3,
      length: 6,
    },
  ],
  'rope-frequencies': scaled,
  'alibi-slopes': [{ num_heads: 12, variant: 'mpt', alibi_bias_max: 5 }],
  'alibi-bias': [
    ...['press', 'bloom', 'mpt', 'falcon'].map((variant) => ({
      num_heads: 3,
      variant,
      query_length: 2,
      key_length: 5,
    })),
    { num_heads: 3, variant: 'mpt', form: 'row', key_length: 5 },
  ],
  't5-buckets': [
    {
      num_buckets: 8,
      max_distance: 16,
      query_length: 3,
      key_length: 5,
      query_offset: -2,
      weights: Array.from({ length: 8 }, (_, bucket) => [bucket / 3, -bucket]),
    },
  ],
  sinusoidal: [{ dim: 7, length: 5 }],
};

/** Across a block of the kernels; at the end; far out, out of order and repeated; between the integers. */
const windows: readonly Params[] = [
  { start: 254, length: 4 },
  { start: Number.MAX_SAFE_INTEGER - 1, length: 2 },
  { positions: [5, 1_048_573, 0, 5] },
  { positions: [0.5, 1_000_000.25] },
];

/** Plans the table, or gives undefined where the parameters contradict each other. */
function accepted(encoding: AnyEncoding, params: Params): TablePlan | undefined {
  try {
    return planTable(encoding, { values: params, errors: [] }, limits);
  } catch (error) {
    if (error instanceof PosencError && error.code === 'invalid_parameters') return undefined;
    throw error;
  }
}

/** The values of a parameter that is a choice: of words, or of true and false. */
function choicesOf(type: z.ZodType): readonly unknown[] {
  const definition = (type as z.ZodType & { readonly def: z.core.$ZodTypeDef }).def;
  if (definition.type === 'boolean') return [false, true];
  if ('innerType' in definition) return choicesOf(definition.innerType as z.ZodType);
  return 'entries' in definition ? Object.values(definition.entries as object) : [];
}

/** Every choice that the encoding's own parameters give, as name and value. */
export function choices(encoding: AnyEncoding): readonly (readonly [string, unknown])[] {
  return Object.entries(encoding.params.shape).flatMap(([name, type]) =>
    choicesOf(type as z.ZodType).map((value) => [name, value] as const),
  );
}

/** Whether a choice is in force in some case. */
export function shows(cases: readonly ConformanceCase[], name: string, value: unknown): boolean {
  return cases.some(({ encoding, params }) => accepted(encoding, params)?.params[name] === value);
}

/** The parameters without what profile, dtype and selection vary. */
function bare({ dtype: _dtype, profile: _profile, tensors: _tensors, ...params }: Params): Params {
  return params;
}

/**
 * The cases of an encoding: its examples and what stands in `further`; then, for every choice, the smallest of them
 * with that choice; then, where rows are positions, the first example in other windows.
 */
export function conformanceCases(encoding: AnyEncoding): readonly ConformanceCase[] {
  const given = [...encoding.examples.map(({ params }) => params), ...(further[encoding.id] ?? [])].map(bare);
  const cases = [...given];
  const elements = new Map(given.map((params) => [params, accepted(encoding, params)?.elements ?? 0]));
  const bySize = given.toSorted((a, b) => (elements.get(a) ?? 0) - (elements.get(b) ?? 0));
  for (const [name, value] of choices(encoding)) {
    const chosen = bySize.map((params) => ({ ...params, [name]: value }));
    const smallest = chosen.find((params) => accepted(encoding, params));
    if (smallest) cases.push(smallest);
  }
  if (encoding.window !== 'none') {
    const { start: _start, length: _length, positions: _positions, ...rest } = cases[0] ?? {};
    const moved = windows.map((window) => ({ ...rest, ...window }));
    cases.push(...moved.filter((params) => accepted(encoding, params)));
  }
  return cases.map((params) => ({ encoding, params }));
}
