import { encodings } from '../../../src/encodings/index.js';
import { PosencError } from '../../../src/errors.js';
import { formats } from '../../../src/formats/index.js';
import type { FilePlan } from '../../../src/table.js';
import { deliveryOf, rangeOf, wholeOf } from '../files.js';
import type { Random } from '../random.js';
import { type Params, plan, tables } from '../tables.js';

/** A table that a soak asks for, and the truth about its bytes: the TypeScript kernels', in this process. */
export class SoakTable {
  readonly file: FilePlan;
  private known: Promise<Buffer> | undefined;

  /** @param isVast Nobody computes it whole. */
  constructor(
    readonly encoding: string,
    readonly params: Params,
    readonly format: string,
    readonly isVast = false,
  ) {
    this.file = plan(encoding, params, format);
  }

  /** For GET. */
  get path(): string {
    return this.file.canonicalUrl ?? '';
  }

  /** For POST of the parameters. */
  get postPath(): string {
    return `/v1/tables/${this.encoding}.${this.format}`;
  }

  get etag(): string {
    return `"${this.file.etag}"`;
  }

  /** What a finding calls it. */
  get name(): string {
    return this.path || `${this.postPath} of ${JSON.stringify(this.params).slice(0, 300)}`;
  }

  /** Length of a binary file; null for texts. */
  get bytes(): number | null {
    return this.file.layout?.byteLength ?? null;
  }

  /** All bytes; they are kept. */
  whole(): Promise<Buffer> {
    this.known ??= wholeOf(this.file, tables);
    return this.known;
  }

  /** Bytes start … end − 1 of a binary file. */
  async range(start: number, end: number): Promise<Buffer> {
    if (!this.isVast) return (await this.whole()).subarray(start, end);
    return rangeOf(deliveryOf(this.file, tables), start, end, Math.min(65_536, 8 * (end - start) + 64));
  }
}

/** Elements of a small table. */
const smallElements = 4000;

/** The examples of every encoding in every format that holds them. */
export const smallTables: readonly SoakTable[] = encodings.flatMap(({ id, examples }) =>
  examples.flatMap(({ params }) =>
    formats.flatMap(({ name }) => {
      try {
        const table = new SoakTable(id, params, name);
        return table.path !== '' && table.file.table.elements <= smallElements ? [table] : [];
      } catch (error) {
        if (error instanceof PosencError) return [];
        throw error;
      }
    }),
  ),
);

/** Of 1 to 17 MB, asked for again and again. */
export const mediumTables: readonly SoakTable[] = [
  new SoakTable('rope', { head_dim: 128, length: 16_384 }, 'safetensors'),
  new SoakTable('rope', { head_dim: 64, length: 16_384, rope_theta: 500_000 }, 'npz'),
  new SoakTable('rope', { head_dim: 64, length: 8192, layout: 'complex' }, 'bin'),
  new SoakTable(
    'rope',
    { head_dim: 64, length: 8192, layout: 'packed', profile: 'exact', dtype: 'f64', start: 2 ** 40 },
    'bin',
  ),
  new SoakTable(
    'rope',
    {
      head_dim: 128,
      length: 65_536,
      layout: 'interleaved',
      profile: 'exact',
      dtype: 'f16',
      tensors: ['cos'],
    },
    'npy',
  ),
  new SoakTable('rope', { head_dim: 64, length: 2048, tensors: ['sin'] }, 'csv'),
  new SoakTable('rope', { head_dim: 64, length: 1024 }, 'json'),
  new SoakTable(
    'alibi-bias',
    { num_heads: 12, query_length: 256, key_length: 512, variant: 'bloom', causal: true, dtype: 'bf16' },
    'safetensors',
  ),
  new SoakTable('t5-buckets', { query_length: 1024, key_length: 1024 }, 'npz'),
  new SoakTable('sinusoidal', { dim: 512, length: 8192 }, 'npy'),
];

/** Of gigabytes: no connection holds them, and nobody reads them to their end. */
export const vastTables: readonly SoakTable[] = (
  [
    ['rope', { head_dim: 128, length: 4_194_304, tensors: ['cos'] }, 'bin'],
    ['rope', { head_dim: 128, length: 4_194_304, dtype: 'bf16', layout: 'packed' }, 'safetensors'],
    ['rope', { head_dim: 128, length: 2_097_152, profile: 'exact', start: 2 ** 52 }, 'safetensors'],
    ['alibi-bias', { num_heads: 64, query_length: 4096, key_length: 4096 }, 'safetensors'],
    ['t5-buckets', { query_length: 16_384, key_length: 16_384 }, 'npy'],
    ['sinusoidal', { dim: 1024, length: 524_288, variant: 'whisper' }, 'safetensors'],
  ] as const
).map(([encoding, params, format]) => new SoakTable(encoding, params, format, true));

/** A table of up to 4 MB that nobody has asked for before: what is prepared for it takes the place of others. */
export function newTable(random: Random): SoakTable {
  const dtype = random.pick(['f64', 'f32', 'f16', 'bf16']);
  const format = random.pick(
    dtype === 'bf16' ? ['safetensors', 'bin'] : ['safetensors', 'bin', 'npy', 'npz'],
  );
  const exact = random.chance(0.5);
  const profile = exact ? 'exact' : 'transformers';
  switch (random.below(4)) {
    case 0: {
      const variant = random.pick(['bloom', 'mpt', 'falcon']);
      const size = { num_heads: 1 + random.below(12), query_length: 31, key_length: 200 + random.below(800) };
      // TypeScript takes real products of other dtypes one by one.
      const type = exact ? { dtype: 'f32' } : { dtype };
      const causal = random.chance(0.5);
      return new SoakTable('alibi-bias', { ...size, ...type, variant, profile, causal }, format);
    }
    case 1: {
      const lengths = { query_length: 300, key_length: 300 + random.below(700) };
      const map = { num_buckets: 2 * (2 + random.below(60)), max_distance: 128 + random.below(1000) };
      return new SoakTable('t5-buckets', { ...lengths, ...map }, format === 'bin' ? 'npy' : 'npz');
    }
    case 2: {
      const size = { dim: 2 * (8 + random.below(200)), base: 1000 + random.below(1_000_000), length: 1024 };
      return new SoakTable('sinusoidal', { ...size, profile, dtype, start: random.below(100_000) }, format);
    }
    default: {
      const size = { head_dim: 2 * (4 + random.below(100)), rope_theta: 1000 + random.below(1_000_000) };
      const start = exact ? random.pick([0, 2 ** 30, 2 ** 53 - 8192]) : random.below(2 ** 24 - 4096);
      const rows = { start, length: 2048, layout: random.pick(['packed', 'half', 'interleaved', 'compact']) };
      const single = rows.layout === 'packed' || format === 'safetensors' || format === 'npz';
      const tensors = single ? {} : { tensors: [random.pick(['cos', 'sin'])] };
      return new SoakTable('rope', { ...size, ...rows, ...tensors, profile, dtype }, format);
    }
  }
}
