import fc from 'fast-check';
import { floatDTypes, indexDTypes } from '../../src/tensor/dtype.js';
import type { Params } from './tables.js';

/** A table and its parameters, as a POST carries them. */
export interface TableRequest {
  readonly encoding: string;
  readonly params: Params;
}

const last = Number.MAX_SAFE_INTEGER;

/** Where windows begin: at the start, around the borders of float32 and of blocks, anywhere, at the very end. */
const starts = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 0, max: 100_000 }),
  fc.integer({ min: 2 ** 24 - 600, max: 2 ** 24 + 600 }),
  fc.integer({ min: 0, max: last - 1000 }),
  fc.integer({ min: last - 1000, max: last - 400 }),
);

const fractions = fc.oneof(
  fc.integer({ min: 0, max: last }),
  fc.double({ min: 0, max: 4096, noNaN: true }),
  fc.double({ min: 0, max: last, noNaN: true }),
  fc.integer({ min: 0, max: 200_000 }).map((n) => n / 8),
);

/** A row window: a few hundred rows, a range too long to compute whole, or a list with fractions. */
export const windows: fc.Arbitrary<Params> = fc.oneof(
  fc.record({ start: starts, length: fc.integer({ min: 1, max: 400 }) }),
  fc.record({ start: fc.integer({ min: 0, max: 1000 }), length: fc.constantFrom(2 ** 20, 2 ** 40) }),
  fc.record({ positions: fc.array(fractions, { minLength: 1, maxLength: 12 }) }),
);

const profiles = fc.constantFrom('transformers', 'exact');
const factors = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.double({ min: 1, max: 64, noNaN: true }));
const bases = fc.oneof(
  fc.constantFrom(10000, 500000, 1e6, 1, 1e30),
  fc.double({ min: 1, max: 1e8, noNaN: true }),
);
const trained = fc.constantFrom(512, 4096, 32768);
const narrow = fc.integer({ min: 1, max: 12 }).map((pairs) => 2 * pairs);
const widths = fc.oneof(narrow, fc.constantFrom(1, 3, 21, 64, 128));

const optional = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });

/** The scaling laws, each with parameters of its own; a width that the law can take. */
const laws: fc.Arbitrary<Params> = fc.oneof(
  fc.record({ head_dim: widths }),
  fc.record({ rope_type: fc.constant('linear'), head_dim: widths, factor: factors }),
  fc.record({
    rope_type: fc.constant('yarn'),
    head_dim: narrow,
    factor: factors,
    original_max_position_embeddings: trained,
    attention_factor: optional(fc.double({ min: 0.1, max: 10, noNaN: true })),
    rope_theta: fc.constantFrom(10000, 1e6),
  }),
  fc.record({
    rope_type: fc.constant('llama3'),
    head_dim: narrow,
    factor: factors,
    low_freq_factor: fc.constant(1),
    high_freq_factor: fc.constantFrom(4, 1.5),
    original_max_position_embeddings: trained,
  }),
  fc.record({
    rope_type: fc.constant('dynamic'),
    head_dim: narrow.filter((width) => width > 2),
    factor: factors,
    max_position_embeddings: trained,
    seq_len: optional(fc.integer({ min: 1, max: 200_000 })),
  }),
  fc.record({
    rope_type: fc.constant('proportional'),
    head_dim: narrow,
    factor: factors,
    partial_rotary_factor: fc.constantFrom(0.25, 0.5, 1),
  }),
  narrow.chain((head_dim) => {
    const list = fc.array(factors, { minLength: head_dim / 2, maxLength: head_dim / 2 });
    return fc.record({
      rope_type: fc.constant('longrope'),
      head_dim: fc.constant(head_dim),
      short_factor: list,
      long_factor: list,
      original_max_position_embeddings: trained,
      factor: factors,
      unscaled_positions: fc.constantFrom(0, 3, 300),
      seq_len: optional(fc.constantFrom(1, 100_000)),
    });
  }),
);

/** Without the parameters that are undefined, which JSON cannot carry. */
function defined(...parts: readonly Params[]): Params {
  const all = parts.flatMap((part) => Object.entries(part));
  return Object.fromEntries(all.filter(([, value]) => value !== undefined));
}

const layouts = fc.oneof(
  fc.record({
    layout: fc.constantFrom('half', 'interleaved', 'compact', 'packed'),
    dtype: fc.constantFrom(...floatDTypes),
  }),
  fc.constant({ layout: 'complex', dtype: 'c64' }),
);

export const ropeRequests: fc.Arbitrary<TableRequest> = fc
  .tuple(fc.record({ rope_theta: bases, profile: profiles }), laws, layouts, windows)
  .map((parts) => ({ encoding: 'rope', params: defined(...parts) }));

export const sinusoidalRequests: fc.Arbitrary<TableRequest> = fc
  .tuple(
    fc.record({
      dim: fc.oneof(fc.integer({ min: 2, max: 21 }), fc.constant(64)),
      base: bases,
      dtype: fc.constantFrom(...floatDTypes),
    }),
    fc.oneof(
      fc.record({
        variant: fc.constantFrom('vaswani', 'marian', 'tensor2tensor', 'whisper', 'musicgen'),
        profile: profiles,
      }),
      fc.constant({ variant: 'cos_first' }),
    ),
    windows,
  )
  .map((parts) => ({ encoding: 'sinusoidal', params: defined(...parts) }));

const few = fc.integer({ min: 1, max: 60 });
const huge = fc.constantFrom(70_000, 2 ** 24 + 11, 2 ** 30);
const rectangle = (query_length: fc.Arbitrary<number>, key_length: fc.Arbitrary<number>) =>
  fc.record({ query_length, key_length });
/** Queries and keys: small, one side huge, or a square of billions. */
const rectangles = fc.oneof(
  rectangle(few, few),
  rectangle(few, huge),
  rectangle(huge, few),
  fc.constant({ query_length: 70_000, key_length: 70_001 }),
);
const heads = fc.integer({ min: 1, max: 24 });

const matrix = (variant: fc.Arbitrary<Params>) =>
  fc.tuple(variant, fc.record({ causal: fc.boolean() }), rectangles).map((parts) => defined(...parts));

export const alibiRequests: fc.Arbitrary<TableRequest> = fc
  .tuple(
    fc.record({
      num_heads: heads,
      key_length: fc.oneof(few, huge),
      dtype: fc.constantFrom(...floatDTypes),
    }),
    fc.oneof(
      matrix(fc.record({ variant: fc.constant('press') })),
      matrix(fc.record({ variant: fc.constantFrom('bloom', 'falcon'), profile: profiles })),
      fc.record({ variant: fc.constantFrom('bloom', 'falcon'), profile: profiles, form: fc.constant('row') }),
      fc.record({
        variant: fc.constant('mpt'),
        profile: profiles,
        form: fc.constant('row'),
        alibi_bias_max: fc.oneof(fc.constant(8), fc.double({ min: 0.5, max: 200, noNaN: true })),
      }),
    ),
  )
  .map((parts) => ({ encoding: 'alibi-bias', params: defined(...parts) }));

export const t5Requests: fc.Arbitrary<TableRequest> = fc
  .tuple(
    fc.record({
      num_buckets: fc.integer({ min: 4, max: 64 }),
      max_distance: fc.integer({ min: 33, max: 5000 }),
      bidirectional: fc.boolean(),
      dtype: fc.constantFrom(...indexDTypes),
    }),
    fc.oneof(
      fc
        .tuple(rectangles, fc.record({ query_offset: fc.integer({ min: -(2 ** 40), max: 5000 }) }))
        .map((parts) => defined(...parts)),
      fc
        .tuple(fc.integer({ min: -(2 ** 52) + 1, max: 6000 }), fc.constantFrom(0, 7, 12_000, 2 ** 40))
        .map(([min, span]) => ({ relative_position_min: min, relative_position_max: min + span })),
      fc.constant({ relative_position_min: 2 ** 52 - 40, relative_position_max: 2 ** 52 - 1 }),
    ),
  )
  .map((parts) => ({ encoding: 't5-buckets', params: defined(...parts) }));

/** Short lists: slopes and frequencies. */
export const listRequests: fc.Arbitrary<TableRequest> = fc.oneof(
  fc
    .tuple(
      fc.record({ num_heads: heads, dtype: fc.constantFrom(...floatDTypes) }),
      fc.oneof(
        fc.record({ variant: fc.constantFrom('bloom', 'mpt'), profile: profiles }),
        fc.constant({ variant: 'press' }),
      ),
    )
    .map((parts) => ({ encoding: 'alibi-slopes', params: defined(...parts) })),
  fc
    .tuple(fc.record({ rope_theta: bases, profile: profiles, dtype: fc.constantFrom(...floatDTypes) }), laws)
    .map((parts) => {
      const { unscaled_positions: _, ...params } = defined(...parts);
      return { encoding: 'rope-frequencies', params };
    }),
);
