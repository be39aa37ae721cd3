import type { Config } from './config.js';

/** One limit: its number, what it counts, and why it stands where it stands. */
interface LimitDefinition {
  readonly value: number;
  readonly unit: string;
  readonly reason: string;
}

/** Bounds of parameters. They belong to the catalogue: the same everywhere, whatever an operator sets. */
const catalogue = {
  head_dim: {
    value: 8192,
    unit: 'elements',
    reason: 'Far above any published model (256 to 576); keeps the frequencies of a table within 64 KiB.',
  },
  num_heads: {
    value: 4096,
    unit: 'heads',
    reason: 'Far above any published model (128); slopes are computed before the first byte is sent.',
  },
  length: {
    value: Number.MAX_SAFE_INTEGER,
    unit: 'rows',
    reason: 'The largest integer that JSON and float64 carry exactly; table_bytes refuses earlier.',
  },
  position: {
    value: Number.MAX_SAFE_INTEGER,
    unit: 'positions',
    reason: 'The largest integer that JSON and float64 carry exactly.',
  },
  positions: {
    value: 65_536,
    unit: 'entries',
    reason: 'A list of positions is held in memory and is part of the canonical request.',
  },
  relative_position: {
    value: 2 ** 52 - 1,
    unit: 'positions',
    reason: 'The difference of any two stays an exact integer.',
  },
  num_buckets: {
    value: 8192,
    unit: 'buckets',
    reason: 'Buckets are looked up in a table that is built before the first byte is sent.',
  },
  max_distance: {
    value: 1_048_576,
    unit: 'positions',
    reason: 'Buckets are looked up by distance; the table of all distances takes 4 MiB at most.',
  },
  tensors: {
    value: 64,
    unit: 'names',
    reason: 'More than any table has.',
  },
} as const satisfies Record<string, LimitDefinition>;

/** What the HTTP edge reads or keeps. The operator's own limits are settings and stand in the configuration. */
const edge = {
  url_bytes: {
    value: 16_384,
    unit: 'bytes',
    reason: 'Longer lists belong into a POST body (414). Two URLs of this size fit into the request head.',
  },
  header_bytes: {
    value: 32_768,
    unit: 'bytes',
    reason:
      'Request line and header fields together (431); read into memory before anything is known of them.',
  },
  json_depth: {
    value: 32,
    unit: 'levels',
    reason: 'Parameters nest three levels deep; deeper bodies only cost stack.',
  },
  cached_body_bytes: {
    value: 65_536,
    unit: 'bytes',
    reason: 'A finished body above this size is computed again rather than kept.',
  },
  cached_bodies_bytes: {
    value: 16_777_216,
    unit: 'bytes',
    reason: 'All finished small bodies that are kept, by ETag, least recently used first out.',
  },
} as const satisfies Record<string, LimitDefinition>;

/** Limits that an operator may move: where the number comes from, and why there is one. */
const operated = {
  table_bytes: {
    from: (config: Config) => config.maxTableBytes,
    unit: 'bytes',
    reason:
      'A table above this size is refused before anything is computed (422); fetch windows of it instead.',
  },
  text_elements: {
    from: (config: Config) => config.maxTextElements,
    unit: 'elements',
    reason: 'JSON and CSV cost ten times the time and three times the bytes of a binary format.',
  },
  request_elements: {
    from: (config: Config) => Math.min(config.maxRequestElements, config.maxElementsInFlight),
    unit: 'elements',
    reason: 'What one response may make the service compute (422); fetch ranges or windows instead.',
  },
  body_bytes: {
    from: (config: Config) => config.maxBodyBytes,
    unit: 'bytes',
    reason: 'A request body is read into memory (413).',
  },
  streams: {
    from: (config: Config) => config.maxStreams,
    unit: 'responses',
    reason: 'Tables that are computed at the same time; more wait.',
  },
  elements_in_flight: {
    from: (config: Config) => config.maxElementsInFlight,
    unit: 'elements',
    reason:
      'Elements still to be computed for all responses under way: how long the processors are spoken for.',
  },
  bytes_in_flight: {
    from: (config: Config) => config.maxBytesInFlight,
    unit: 'bytes',
    reason: 'Bytes still to be sent for all responses under way: how long the network is spoken for.',
  },
  client_share: {
    from: (config: Config) => config.clientShare,
    unit: 'percent',
    reason:
      'What one client may have of streams, elements, bytes and queue; more of its requests wait, or are answered 429.',
  },
  queued: {
    from: (config: Config) => config.maxQueued,
    unit: 'responses',
    reason: 'Tables that wait to be computed; more are answered 503 with Retry-After.',
  },
  queue_ms: {
    from: (config: Config) => config.queueTimeoutMs,
    unit: 'milliseconds',
    reason: 'A table that has waited for so long is answered 429 or 503 with Retry-After.',
  },
  pool_blocks: {
    from: (config: Config) => config.poolBlocks,
    unit: 'blocks',
    reason: 'All bulk memory of the service: blocks in flight between the kernels and the sockets.',
  },
  block_bytes: {
    from: (config: Config) => config.blockBytes,
    unit: 'bytes',
    reason: 'One write to a socket: large enough for full bandwidth, small enough to stay in cache.',
  },
} as const satisfies Record<
  string,
  { readonly from: (config: Config) => number; readonly unit: string; readonly reason: string }
>;

type CatalogueLimits = Readonly<Record<keyof typeof catalogue, number>>;
type EdgeLimits = Readonly<Record<keyof typeof edge, number>>;
type OperatedLimits = Readonly<Record<keyof typeof operated, number>>;

/** Every limit in force. */
export type Limits = CatalogueLimits & EdgeLimits & OperatedLimits;

function entriesOf<K extends string, V>(record: Readonly<Record<K, V>>): [K, V][] {
  return Object.entries(record) as [K, V][];
}

function numbersOf<K extends string>(record: Readonly<Record<K, LimitDefinition>>): Record<K, number> {
  return Object.fromEntries(entriesOf(record).map(([name, { value }]) => [name, value])) as Record<K, number>;
}

/** Bounds of parameters, for the schemas of the encodings. */
export const catalogueLimits: CatalogueLimits = numbersOf(catalogue);

/** Bounds of the HTTP edge that no setting moves. */
export const edgeLimits: EdgeLimits = numbersOf(edge);

/** Every limit in force under a configuration. */
export function makeLimits(config: Config): Limits {
  const moved = entriesOf(operated).map(([name, { from }]) => [name, from(config)]);
  return { ...catalogueLimits, ...edgeLimits, ...(Object.fromEntries(moved) as OperatedLimits) };
}

export interface LimitDescription {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly reason: string;
}

/** The limits with their units and reasons, as `GET /v1/limits` answers them. */
export function describeLimits(limits: Limits): { readonly limits: readonly LimitDescription[] } {
  return {
    limits: entriesOf({ ...catalogue, ...operated, ...edge }).map(([name, { unit, reason }]) => ({
      name,
      value: limits[name],
      unit,
      reason,
    })),
  };
}
