import { z } from 'zod';
import { type FieldError, invalidParameters, pointerTo } from '../errors.js';
import type { BucketRows } from '../kernels/rows.js';
import { catalogueLimits } from '../limits.js';
import { Real } from '../numerics/real.js';
import { defineEncoding, type TensorPlan } from './define.js';

const relativeLimit = catalogueLimits.relative_position;

/**
 * Bucket of each distance 0 … max_distance (Raffel et al., section 2.1, and the reference code): exact up to
 * `buckets`/2, then logarithmic, in exact arithmetic: step k begins at the smallest n with
 * (n / exact)^(buckets − exact) ≥ (max_distance / exact)^k.
 */
function bucketsOfDistance(buckets: number, maxDistance: number): Int32Array {
  const exact = Math.floor(buckets / 2);
  const steps = buckets - exact;
  const table = new Int32Array(maxDistance + 1);
  for (let n = 0; n < Math.min(exact, table.length); n++) table[n] = n;
  const ratio = Real.from(maxDistance).div(exact).ln().div(steps);
  let n = exact;
  for (let k = 0; k < steps; k++) {
    const end = k + 1 === steps ? maxDistance + 1 : firstDistance(exact, steps, maxDistance, k + 1, ratio);
    while (n < end && n <= maxDistance) table[n++] = exact + k;
  }
  // From max_distance on the last bucket counts; with few distances it may not have been reached before.
  table[maxDistance] = buckets - 1;
  return table;
}

/** Smallest integer n with n^steps · exact^k ≥ max_distance^k · exact^steps. */
function firstDistance(exact: number, steps: number, maxDistance: number, k: number, ratio: Real): number {
  const bound = ratio.mul(k).exp().mul(exact);
  const n = Number(bound.ceil());
  // Where the real bound lies on an integer its 320 bits cannot tell below from above: whole numbers can.
  const near = Number(bound.add(0.5).floor());
  if (
    bound
      .sub(near)
      .abs()
      .compare(2 ** -200) > 0
  )
    return n;
  const left = BigInt(near) ** BigInt(steps) * BigInt(exact) ** BigInt(k);
  const right = BigInt(maxDistance) ** BigInt(k) * BigInt(exact) ** BigInt(steps);
  return left >= right ? near : near + 1;
}

interface T5Params {
  num_buckets: number;
  max_distance: number;
  bidirectional: boolean;
  query_length?: number | undefined;
  key_length?: number | undefined;
  query_offset?: number | undefined;
  relative_position_min?: number | undefined;
  relative_position_max?: number | undefined;
  weights?: readonly (readonly number[])[] | undefined;
}

function spanLength({ relative_position_min = 0, relative_position_max = 0 }: T5Params): number {
  return relative_position_max - relative_position_min + 1;
}

/** The look-up tables of relative positions key − query: after the query, and before it. */
function bucketRows(params: T5Params): BucketRows {
  const half = params.bidirectional ? Math.floor(params.num_buckets / 2) : params.num_buckets;
  const backward = bucketsOfDistance(half, params.max_distance);
  const forward = params.bidirectional
    ? backward.map((bucket, n) => (n === 0 ? 0 : bucket + half))
    : new Int32Array(1);
  const matrix = params.key_length !== undefined;
  return {
    kind: 'bucket',
    base: matrix ? -(params.query_offset ?? 0) : (params.relative_position_min ?? 0),
    columns: matrix ? (params.key_length ?? 1) : spanLength(params),
    forward,
    backward,
  };
}

function bucketAt({ base, forward, backward }: BucketRows, row: number, column: number): number {
  const relative = base + column - row;
  return relative >= 0
    ? forward[Math.min(relative, forward.length - 1)]!
    : backward[Math.min(-relative, backward.length - 1)]!;
}

function biasPlan(
  params: T5Params,
  weights: readonly (readonly number[])[],
  shape: readonly number[],
): TensorPlan {
  const heads = weights[0]?.length ?? 0;
  const queries = params.query_length ?? 1;
  return {
    name: 'bias',
    shape: [heads, ...shape],
    kind: 'float',
    rows: () => {
      const buckets = bucketRows(params);
      return {
        kind: 'elements',
        at: (row, column) => {
          const head = Math.floor(row / queries);
          return weights[bucketAt(buckets, row - head * queries, column)]![head]!;
        },
      };
    },
  };
}

function check(params: T5Params): FieldError[] {
  const errors: FieldError[] = [];
  const wrong = (field: string, detail: string) => errors.push({ pointer: pointerTo(field), detail });
  const least = params.bidirectional ? 4 : 2;
  if (params.num_buckets < least) wrong('num_buckets', `must be at least ${least}`);
  const half = params.bidirectional ? Math.floor(params.num_buckets / 2) : params.num_buckets;
  const exact = Math.floor(half / 2);
  if (params.max_distance <= exact) {
    wrong(
      'max_distance',
      `must be greater than ${exact}, the number of distances with a bucket of their own`,
    );
  }
  const span = ['relative_position_min', 'relative_position_max'] as const;
  const matrix = ['query_length', 'key_length'] as const;
  if (span.some((name) => params[name] !== undefined)) {
    for (const name of [...matrix, 'query_offset'] as const) {
      if (params[name] !== undefined)
        wrong(name, 'contradicts relative_position_min and relative_position_max');
    }
    for (const name of span)
      if (params[name] === undefined) wrong(name, 'is required beside its counterpart');
    const { relative_position_min: min, relative_position_max: max } = params;
    if (min !== undefined && max !== undefined && max < min) {
      wrong('relative_position_max', 'must not be less than relative_position_min');
    }
  } else {
    for (const name of matrix) {
      if (params[name] === undefined)
        wrong(name, 'is required, unless relative_position_min and _max are given');
    }
  }
  if (params.weights) {
    const heads = params.weights[0]?.length ?? 0;
    if (params.weights.length !== params.num_buckets) {
      wrong('weights', `must have num_buckets = ${params.num_buckets} rows, has ${params.weights.length}`);
    }
    params.weights.forEach((row, i) => {
      if (row.length !== heads) {
        errors.push({
          pointer: pointerTo('weights', i),
          detail: `must have ${heads} numbers as the first row, has ${row.length}`,
        });
      }
    });
  }
  return errors;
}

const length = (text: string) => z.int().min(1).max(catalogueLimits.length).optional().describe(text);

export const t5Buckets = defineEncoding({
  id: 't5-buckets',
  title: 'T5 relative position buckets',
  summary:
    'The bucket of each relative position key − query: one a distance while near, then logarithmic up to max_distance.',
  status: {
    level: 'official',
    note: "The paper's text and the reference code; every implementation in use agrees.",
  },
  references: [
    {
      title: 'Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer',
      url: 'https://arxiv.org/abs/1910.10683',
    },
  ],
  params: z.object({
    num_buckets: z.int().min(2).max(catalogueLimits.num_buckets).default(32).describe('Number of buckets.'),
    max_distance: z
      .int()
      .min(1)
      .max(catalogueLimits.max_distance)
      .default(128)
      .describe('Distance from which on all positions share the last bucket.'),
    bidirectional: z
      .boolean()
      .default(true)
      .describe(
        'Encoder: half of the buckets for keys after the query. Decoder: false, keys after it are in bucket 0.',
      ),
    query_length: length('Number of queries, Q.'),
    key_length: length('Number of keys, K.'),
    query_offset: z
      .int()
      .min(-relativeLimit)
      .max(relativeLimit)
      .optional()
      .describe('Position of the first query, with a key-value cache the number of tokens in it. Default 0.'),
    relative_position_min: z
      .int()
      .min(-relativeLimit)
      .max(relativeLimit)
      .optional()
      .describe('First relative position of a span.'),
    relative_position_max: z
      .int()
      .min(-relativeLimit)
      .max(relativeLimit)
      .optional()
      .describe('Last relative position of a span.'),
    weights: z
      .array(z.array(z.number()).min(1).max(catalogueLimits.num_heads))
      .min(1)
      .max(catalogueLimits.num_buckets)
      .optional()
      .describe('Learned weights [num_buckets, H]: adds the tensor `bias`. In a POST body only.'),
  }),
  window: 'none',
  supplied: ['weights'],
  normalize(params) {
    const errors = check(params);
    if (errors.length > 0) throw invalidParameters(errors);
    return params.key_length === undefined ? params : { ...params, query_offset: params.query_offset ?? 0 };
  },
  profiles: [],
  tensors: ({ params }) => {
    const rows = () => bucketRows(params);
    const shape =
      params.key_length !== undefined && params.query_length !== undefined
        ? [params.query_length, params.key_length]
        : [spanLength(params)];
    const buckets: TensorPlan = { name: 'buckets', shape, kind: 'index', recipe: 'bucket', rows };
    return params.weights ? [buckets, biasPlan(params, params.weights, shape)] : [buckets];
  },
  tensorDocs: [
    {
      name: 'buckets',
      shape: ['Q', 'K'],
      kind: 'index',
      description: 'A bucket for each query and key; [R] for a span of relative positions.',
    },
    {
      name: 'bias',
      shape: ['H', 'Q', 'K'],
      kind: 'float',
      description: 'With supplied weights only: the weight of each bucket; [H, R] for a span.',
    },
  ],
  examples: [
    { title: 'Encoder of T5', params: { query_length: 16, key_length: 16 } },
    {
      title: 'Decoder of T5, one step with 63 cached tokens',
      params: { bidirectional: false, query_length: 1, key_length: 64, query_offset: 63 },
    },
    {
      title: 'All relative positions from −128 to 128',
      params: { relative_position_min: -128, relative_position_max: 128, dtype: 'i32' },
    },
  ],
});
