import fc from 'fast-check';
import t from 'tap';
import { z } from 'zod';
import { type AnyEncoding, defineEncoding } from '../src/encodings/define.js';
import { encodings } from '../src/encodings/index.js';
import { PosencError } from '../src/errors.js';
import { formatByName, formats } from '../src/formats/index.js';
import type { Backend } from '../src/kernels/define.js';
import { jsBackend, Kernels } from '../src/kernels/index.js';
import { catalogueLimits } from '../src/limits.js';
import { decodeQuery } from '../src/params.js';
import { revision } from '../src/revision.js';
import { type FilePlan, planFile, planTable, type TablePlan, tableParameters } from '../src/table.js';
import { Tables } from '../src/tables.js';
import { wholeOf } from './support/files.js';
import { encodingNamed, limits, type Params, plan, tables } from './support/tables.js';

/** A table in a format, as a GET of the query plans it. */
function planQuery(id: string, query: string, formatName = 'safetensors'): FilePlan {
  const encoding = encodingNamed(id);
  const format = formatByName(formatName);
  if (!format) throw new Error(`no format ${formatName}`);
  return tables.plan(encoding, format, decodeQuery(tableParameters(encoding), query));
}

/** A table that is in no format yet. */
function planned(id: string, params: Params, sizes = limits): TablePlan {
  return planTable(encodingNamed(id), { values: params, errors: [] }, sizes);
}

function shapesOf({ tensors }: TablePlan): Record<string, [string, ...number[]]> {
  return Object.fromEntries(tensors.map(({ spec }) => [spec.name, [spec.dtype, ...spec.shape]]));
}

/** The error that planning throws, as data. */
function refusal(run: () => unknown): { code: string; pointers: string[]; extras: object } {
  try {
    run();
  } catch (error) {
    if (!(error instanceof PosencError)) throw error;
    const pointers = error.errors.map(({ pointer }) => pointer).sort();
    return { code: error.code, pointers, extras: error.extras };
  }
  return { code: 'accepted', pointers: [], extras: {} };
}

/** What a 422 for these fields is as data. */
function wrong(...fields: string[]) {
  return { code: 'invalid_parameters', pointers: fields.map((field) => `#/${field}`).sort(), extras: {} };
}

function tooLarge(limit: number, requested: number, unit: string) {
  return { code: 'table_too_large', pointers: [], extras: { limit, requested, unit } };
}

/** An encoding whose numbers cannot be had. */
const shapesOnly: AnyEncoding = defineEncoding({
  id: 'shapes-only',
  title: 'Shapes only',
  summary: 'Nothing of it can be computed.',
  status: { level: 'reconstructed', note: 'A test.' },
  references: [],
  params: z.object({ width: z.int().min(1).describe('Width of a row.') }),
  window: 'integers',
  profiles: [],
  tensors: ({ params, positions }) => [
    {
      name: 'table',
      shape: [positions.kind === 'range' ? positions.length : positions.values.length, params.width],
      kind: 'float',
      rows: () => {
        throw new Error('a number was asked for');
      },
    },
  ],
  tensorDocs: [{ name: 'table', shape: ['N', 'w'], kind: 'float', description: 'Rows.' }],
  examples: [{ title: 'One row', params: { width: 2, length: 1 } }],
});

t.test('lengths, entity tags and file names are known before a number is computed', async (t) => {
  const table = planTable(shapesOnly, { values: { width: 2 ** 10, length: 2 ** 34 }, errors: [] }, limits);
  for (const format of formats) {
    if (format.kind === 'text') continue;
    const file = planFile(table, format, limits);
    const header = (file.layout?.byteLength ?? 0) - 2 ** 46;
    t.ok(format.name === 'bin' ? header === 0 : header > 0 && header < 1024, `${format.name}: ${header}`);
    t.match(file.etag, /^[0-9a-f]{64}$/);
    t.equal(file.fileName, `shapes-only-17179869184x1024-f32.${format.extension}`);
  }
  t.throws(() => table.tensors[0]?.plan.rows(), /a number was asked for/);
});

t.test('the canonical URL has all parameters in force in schema order, then the revision', async (t) => {
  const urls = [
    [
      'rope.safetensors',
      'length=4&head_dim=8',
      'head_dim=8&rope_theta=10000&partial_rotary_factor=1&rope_type=default&layout=half&start=0&length=4&dtype=f32&tensors=cos,sin&profile=transformers',
    ],
    [
      'rope.npy',
      'positions=0,0.5&rope_theta=1e21&layout=complex&head_dim=8&max_position_embeddings=4096',
      'head_dim=8&rope_theta=1e%2B21&partial_rotary_factor=1&rope_type=default&layout=complex&positions=0,0.5&dtype=c64&tensors=freqs_cis&profile=transformers',
    ],
    [
      'rope-frequencies.npz',
      'head_dim=4&rope_type=longrope&long_factor=4,2.5&short_factor=1,1&factor=2&original_max_position_embeddings=64&tensors=inv_freq',
      'head_dim=4&rope_theta=10000&partial_rotary_factor=1&rope_type=longrope&factor=2&original_max_position_embeddings=64&short_factor=1,1&long_factor=4,2.5&dtype=f32&tensors=inv_freq&profile=transformers',
    ],
    [
      't5-buckets.npz',
      'key_length=3&query_length=2&revision=1&digest=sha-256&backend=js',
      'num_buckets=32&max_distance=128&bidirectional=true&query_length=2&key_length=3&query_offset=0&dtype=i64&tensors=buckets',
    ],
    [
      'alibi-bias.bin',
      'key_length=3&num_heads=2&variant=mpt',
      'num_heads=2&variant=mpt&alibi_bias_max=8&form=matrix&query_length=3&key_length=3&causal=false&dtype=f32&tensors=bias&profile=transformers',
    ],
  ] as const;
  for (const [path, query, canonical] of urls) {
    const [id = '', format = ''] = path.split('.');
    t.equal(
      planQuery(id, query, format).canonicalUrl,
      `/v1/tables/${path}?${canonical}&revision=${revision}`,
    );
  }
});

t.test('equivalent queries have one canonical URL and one entity tag', async (t) => {
  const groups: [string, string, ...string[]][] = [
    [
      'rope',
      'head_dim=8&length=4',
      'length=4&head_dim=8',
      'head_dim=8&length=4e0&rope_theta=1e4',
      'head_dim=0.8e1&length=4.0&rope_theta=10000.0&start=-0',
      'head_dim=8&length=4&rope_theta=1E%2B4&start=0&dtype=f32&profile=transformers&layout=half&rope_type=default',
      'head_dim=8&length=4&tensors=cos,sin',
      'head_dim=8&length=4&tensors=sin,cos,sin',
      'head_dim=8&length=4&max_position_embeddings=4096',
      'head_dim=8&length=4&backend=auto',
      'head_dim=8&length=4&backend=js',
      `revision=${revision}&head_dim=8&length=4`,
      'head%5Fdim=8&length=%34',
    ],
    ['sinusoidal', 'dim=4&positions=0,1.5', 'positions=0.0,15e-1&dim=4', 'dim=4&positions=-0,1.50&base=1e4'],
    ['t5-buckets', 'query_length=2&key_length=2', 'key_length=2&query_length=2&query_offset=-0&dtype=i64'],
    ['alibi-bias', 'num_heads=2&key_length=4', 'num_heads=2&key_length=4&query_length=4&causal=false'],
    ['alibi-slopes', 'num_heads=2&variant=mpt', 'alibi_bias_max=8.0&num_heads=2&variant=mpt'],
  ];
  for (const [id, first, ...others] of groups) {
    const { canonicalUrl, etag } = planQuery(id, first);
    for (const query of others) t.match(planQuery(id, query), { canonicalUrl, etag }, query);
  }
});

t.test('a body has the entity tag of the query that says the same', async (t) => {
  const { canonicalUrl, etag } = planQuery('rope', 'head_dim=8&positions=0,1.5&tensors=cos');
  t.match(plan('rope', { head_dim: 8, positions: [-0, 1.5], tensors: ['cos'] }), { canonicalUrl, etag });
});

t.test(
  'the same table has an entity tag of its own in each format, and in each revision of one',
  async (t) => {
    const table = planned('sinusoidal', { dim: 4, length: 2 });
    const tags = formats.flatMap((format) => [
      planFile(table, format, limits).etag,
      planFile(table, { ...format, revision: `${format.revision}x` }, limits).etag,
      planFile(table, format, limits, 'gpu.js webgl').etag,
    ]);
    t.equal(new Set(tags).size, tags.length);
  },
);

t.test(
  'rewording a guarantee changes the entity tag of JSON, which repeats it, not of tensors',
  async (t) => {
    const encoding = encodingNamed('sinusoidal');
    const profiles = encoding.profiles.map(({ name }) => ({ name, guarantee: 'other words' }));
    const raw = { values: { dim: 4, length: 2 }, errors: [] };
    const tag = (name: string, worded: AnyEncoding) =>
      planFile(planTable(worded, raw, limits), formatByName(name)!, limits).etag;
    t.not(tag('json', encoding), tag('json', { ...encoding, profiles }));
    t.equal(tag('npy', encoding), tag('npy', { ...encoding, profiles }));
  },
);

t.test('the parameters that a table tells plan the same table again', async (t) => {
  for (const encoding of encodings) {
    for (const { params } of encoding.examples) {
      const { etag, canonicalUrl, table } = plan(encoding.id, params);
      t.equal(plan(encoding.id, table.params).etag, etag, `${encoding.id}: posted back`);
      t.match(planQuery(encoding.id, String(canonicalUrl?.split('?')[1])), { etag, canonicalUrl });
    }
  }
});

/** Small tables from a small choice of parameters, so that two draws often are one table. */
const requests: fc.Arbitrary<readonly [string, Params]> = (() => {
  const optional = <T>(...values: T[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
  const window = fc.oneof(
    fc.record({ start: optional(0, -0, 1), length: fc.constantFrom(1, 2) }),
    fc.record({ positions: fc.array(fc.constantFrom(0, -0, 1, 0.5), { minLength: 1, maxLength: 2 }) }),
  );
  const common = { dtype: optional('f32', 'f64', 'bf16'), profile: optional('exact', 'transformers') };
  const rope = {
    head_dim: fc.constantFrom(2, 4),
    rope_theta: optional(1, 10000),
    layout: optional('half', 'interleaved', 'compact', 'packed'),
    ...common,
  };
  const sinusoidal = {
    dim: fc.constantFrom(2, 3),
    variant: optional('vaswani', 'marian', 'whisper'),
    ...common,
  };
  const slopes = { num_heads: fc.constantFrom(2, 3), variant: optional('press', 'bloom') };
  const t5 = {
    num_buckets: fc.constant(4),
    max_distance: optional(128, 8),
    query_length: fc.constantFrom(1, 2),
    key_length: fc.constantFrom(1, 2),
    query_offset: optional(0, -0, 1),
    dtype: optional('f32', 'f16', 'i64', 'i32'),
    weights: fc.array(fc.tuple(fc.constantFrom(0, -0, 1)), { minLength: 4, maxLength: 4 }),
  };
  const requestOf = (id: string, params: fc.Arbitrary<Params>) =>
    fc.tuple(params, window).map(([values, rows]): readonly [string, Params] => {
      const all = encodingNamed(id).window === 'none' ? values : { ...values, ...rows };
      return [id, Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))];
    });
  return fc.oneof(
    requestOf('rope', fc.record(rope)),
    requestOf('sinusoidal', fc.record(sinusoidal)),
    requestOf('alibi-slopes', fc.record(slopes)),
    requestOf('t5-buckets', fc.record(t5)),
  );
})();

/** Two tables of one encoding: drawn apart, or alike but for one parameter. */
const pairs = requests.chain(([id, first]) =>
  fc
    .tuple(
      requests.filter(([other]) => other === id),
      fc.option(fc.nat(), { freq: 3 }),
    )
    .map(([[, second], pick]) => {
      const names = Object.keys(second);
      const name = names[(pick ?? 0) % names.length] ?? '';
      return { id, first, second: pick === null ? second : { ...first, [name]: second[name] } };
    }),
);

t.test('two requests share an entity tag exactly if they share every byte', async (t) => {
  let [same, different] = [0, 0];
  await fc.assert(
    fc.asyncProperty(pairs, async ({ id, first, second }) => {
      const accepts = (params: Params) => refusal(() => plan(id, params)).code === 'accepted';
      fc.pre(accepts(first) && accepts(second));
      for (const format of ['json', 'safetensors']) {
        const [x, y] = [plan(id, first, format), plan(id, second, format)];
        const equal = (await wholeOf(x, tables)).equals(await wholeOf(y, tables));
        if ((x.etag === y.etag) !== equal) throw new Error(`${format}: ${equal ? 'two tags' : 'one tag'}`);
        if (equal) same++;
        else different++;
      }
    }),
    { seed: 20260101, numRuns: 400 },
  );
  t.ok(same > 200 && different > 200, `${same} pairs of files were one, ${different} were two`);
});

t.test('changing any parameter in force changes the entity tag', async (t) => {
  const changes: [string, Params, Params][] = [
    ['rope', { head_dim: 8, length: 4 }, { head_dim: 10, rope_theta: 10001, partial_rotary_factor: 0.5 }],
    ['rope', { head_dim: 8, length: 4 }, { start: 1, length: 5, dtype: 'f16', tensors: ['cos'] }],
    ['rope', { head_dim: 8, length: 4 }, { profile: 'exact', layout: 'interleaved' }],
    ['rope', { head_dim: 8, positions: [0, 1] }, { positions: [1, 0], rope_theta: 10000.000000000002 }],
    ['alibi-bias', { num_heads: 2, key_length: 4 }, { query_length: 3, causal: true, num_heads: 3 }],
    ['t5-buckets', { query_length: 2, key_length: 2 }, { query_offset: 1, bidirectional: false }],
  ];
  for (const [id, params, changed] of changes) {
    for (const [name, value] of Object.entries(changed)) {
      t.not(plan(id, { ...params, [name]: value }).etag, plan(id, params).etag, `${id}: ${name} ${value}`);
    }
  }
});

t.test('a wrong field is named by its pointer', async (t) => {
  const rope = 'head_dim=8&length=4';
  const t5 = 'query_length=4&key_length=4';
  const alibi = 'num_heads=2&key_length=4';
  const cases: [string, string, string[]][] = [
    ['rope', '', ['head_dim', 'length']],
    ['rope', 'length=4', ['head_dim']],
    ['rope', 'bogus=1', ['bogus', 'head_dim', 'length']],
    ['rope', `${rope}&__proto__=1&constructor=1`, ['__proto__', 'constructor']],
    ['rope', `${rope}&head_dim=8`, ['head_dim']],
    ['rope', 'head_dim=0x40&length=', ['head_dim', 'length']],
    ['rope', 'head_dim=8.5&length=1e400', ['head_dim', 'length']],
    [
      'rope',
      `${rope}&rope_theta=0.5&layout=neox&backend=cuda&digest=md5`,
      ['backend', 'digest', 'layout', 'rope_theta'],
    ],
    ['rope', `${rope}&factor=2`, ['factor']],
    ['rope', `${rope}&rope_type=yarn`, ['factor', 'original_max_position_embeddings']],
    ['rope', `${rope}&rope_type=ntk&factor=2&alpha=2`, ['alpha']],
    ['rope', `${rope}&rope_type=ntk&factor=2&profile=transformers`, ['profile']],
    ['rope', `${rope}&unscaled_positions=2`, ['unscaled_positions']],
    ['rope', `${rope}&partial_rotary_factor=0.1`, ['partial_rotary_factor']],
    ['rope', `${rope}&positions=1`, ['length']],
    ['rope', 'head_dim=8&positions=1&start=1&length=2', ['length', 'start']],
    ['rope', 'head_dim=8&positions=1,-2', ['positions/1']],
    ['rope', 'head_dim=8&positions=1,x', ['positions']],
    ['rope', 'head_dim=8&positions=', ['positions']],
    ['rope', 'head_dim=8&start=1', ['length']],
    ['rope', 'head_dim=8&length=0', ['length']],
    ['rope', `${rope}&start=-1`, ['start']],
    ['rope-frequencies', 'head_dim=8&length=4&start=0', ['length', 'start']],
    ['alibi-slopes', 'num_heads=8&alibi_bias_max=8', ['alibi_bias_max']],
    ['alibi-bias', `${alibi}&form=row`, ['form']],
    ['alibi-bias', `${alibi}&form=row&variant=bloom&causal=true`, ['causal']],
    ['alibi-slopes', 'num_heads=8&variant=press&profile=transformers', ['profile']],
    ['t5-buckets', `${t5}&profile=exact`, ['profile']],
    ['t5-buckets', 'relative_position_min=3', ['relative_position_max']],
    ['t5-buckets', 'relative_position_min=3&relative_position_max=2', ['relative_position_max']],
    ['t5-buckets', `${t5}&relative_position_min=1&relative_position_max=2`, ['key_length', 'query_length']],
    ['t5-buckets', `${t5}&num_buckets=3&bidirectional=yes`, ['bidirectional']],
    ['t5-buckets', `${t5}&max_distance=8`, ['max_distance']],
    ['sinusoidal', 'dim=4&length=1&variant=cos_first&profile=transformers', ['profile']],
  ];
  for (const [id, query, fields] of cases) {
    t.same(
      refusal(() => planQuery(id, query)),
      wrong(...fields),
      `${id}?${query}`,
    );
  }
});

t.test('tables at their limits are planned, tables beyond them are not', async (t) => {
  const sizes = { table_bytes: 4096, text_elements: 100 };
  const rope = (length: number) => () => planned('rope', { head_dim: 16, length }, sizes);
  t.equal(rope(32)().bytes, 4096, 'both tensors count');
  t.same(refusal(rope(33)), tooLarge(4096, 4224, 'bytes'));
  t.equal(planned('rope', { head_dim: 16, length: 64, tensors: ['cos'] }, sizes).bytes, 4096);

  for (const name of ['json', 'csv']) {
    const text = (length: number) => () =>
      planFile(planned('sinusoidal', { dim: 10, length }, sizes), formatByName(name)!, sizes);
    t.equal(text(10)().table.elements, 100, name);
    t.same(refusal(text(11)), tooLarge(100, 110, 'elements'), name);
  }
  t.ok(planFile(planned('sinusoidal', { dim: 10, length: 11 }, sizes), formatByName('npy')!, sizes));

  const huge = { head_dim: 8192, length: catalogueLimits.length, tensors: ['cos'] };
  t.match(
    refusal(() => planned('rope', huge)),
    { code: 'table_too_large' },
    'more than 2^53 bytes',
  );
  const bias = { num_heads: 4096, key_length: catalogueLimits.length };
  t.match(
    refusal(() => planned('alibi-bias', bias)),
    { code: 'table_too_large' },
  );
});

t.test('parameters end at the bounds of the catalogue', async (t) => {
  const { position, positions, length, head_dim, num_heads, num_buckets, max_distance } = catalogueLimits;
  const list = (count: number) => Array.from({ length: count }, (_, i) => i);
  const cases: [string, Params, Params, string][] = [
    ['rope', { length: 1 }, { head_dim }, 'head_dim'],
    ['rope', { head_dim: 8, length: 1 }, { start: position }, 'start'],
    ['alibi-slopes', {}, { num_heads }, 'num_heads'],
    ['t5-buckets', { query_length: 1, key_length: 1, max_distance }, { num_buckets }, 'num_buckets'],
    ['t5-buckets', { query_length: 1, key_length: 1 }, { max_distance }, 'max_distance'],
    ['sinusoidal', { length: 1 }, { dim: head_dim }, 'dim'],
  ];
  for (const [id, params, bounded, field] of cases) {
    const beyond = { ...params, [field]: Number(bounded[field]) + 1 };
    t.equal(refusal(() => planned(id, { ...params, ...bounded })).code, 'accepted', `${id}: ${field}`);
    t.same(
      refusal(() => planned(id, beyond)),
      wrong(field),
      `${id}: ${field} + 1`,
    );
  }
  const rows = (values: Params) => () => planned('rope', { head_dim: 2, tensors: ['cos'], ...values });
  t.equal(rows({ positions: list(positions) })().elements, 2 * positions);
  t.same(refusal(rows({ positions: list(positions + 1) })), wrong('positions'));
  t.equal(rows({ positions: [position] })().elements, 2);
  t.same(refusal(rows({ positions: [position + 1] })), wrong('positions/0'));
  t.equal(rows({ start: position - 1, length: 2 })().elements, 4, 'the last position there is');
  t.same(refusal(rows({ start: position, length: 2 })), wrong('length'));
  t.same(refusal(rows({ start: 2, length })), wrong('length'));
});

t.test('tensors names a set, in any order and any number of times', async (t) => {
  const rope = (tensors?: string) =>
    shapesOf(
      planQuery('rope', `head_dim=8&length=4${tensors === undefined ? '' : `&tensors=${tensors}`}`).table,
    );
  t.same(rope(), { cos: ['f32', 4, 8], sin: ['f32', 4, 8] });
  t.same(rope('sin,cos,sin'), { cos: ['f32', 4, 8], sin: ['f32', 4, 8] });
  t.same(rope('sin'), { sin: ['f32', 4, 8] });
  t.same(
    refusal(() => rope('')),
    wrong('tensors'),
  );
  t.same(
    refusal(() => rope('tan')),
    wrong('tensors/0'),
    'no table of the encoding has it',
  );
  t.same(
    refusal(() => rope('cos,freqs_cis')),
    wrong('tensors'),
    'this table does not have it',
  );
  t.same(
    refusal(() => planned('rope', { head_dim: 8, length: 4, tensors: [] })),
    wrong('tensors'),
  );
  t.same(
    refusal(() => planned('rope', { head_dim: 8, length: 4, tensors: 'cos' })),
    wrong('tensors'),
  );
});

t.test('a format of one tensor asks for its name where there are several', async (t) => {
  const { pointers } = wrong('tensors');
  for (const format of ['npy', 'bin', 'csv']) {
    t.match(
      refusal(() => planQuery('rope', 'head_dim=8&length=4', format)),
      { pointers },
    );
    t.throws(() => planQuery('rope', 'head_dim=8&length=4', format), { message: /one of cos, sin$/ });
    t.throws(
      () =>
        planQuery(
          'rope-frequencies',
          'head_dim=8&tensors=ramp,inv_freq&rope_type=yarn&factor=2&original_max_position_embeddings=64',
          format,
        ),
      {
        message: /one of inv_freq, ramp$/,
      },
    );
    t.equal(
      planQuery('rope', 'head_dim=8&length=4&tensors=sin', format).fileName,
      `rope-sin-4x8-f32.${format}`,
    );
    t.equal(
      planQuery('rope', 'head_dim=8&length=4&layout=packed', format).fileName,
      `rope-4x8-f32.${format}`,
    );
  }
});

t.test('a format says which tensors it cannot hold', async (t) => {
  const rope = (more: string) => `head_dim=8&length=4&tensors=${more}`;
  t.same(
    refusal(() => planQuery('rope', rope('cos&dtype=bf16'), 'npy')),
    wrong('dtype'),
  );
  t.same(
    refusal(() => planQuery('rope', rope('cos,sin&dtype=bf16'), 'npz')),
    wrong('dtype'),
  );
  t.same(
    refusal(() => planQuery('rope', rope('freqs_cis&layout=complex'), 'csv')),
    wrong('dtype'),
  );
  t.same(
    refusal(() => planQuery('alibi-bias', 'num_heads=2&key_length=4', 'csv')),
    wrong('tensors'),
  );
  t.same(
    refusal(() => planQuery('rope', rope('cos&digest=sha-256'), 'json')),
    wrong('digest'),
  );
  t.same(
    refusal(() => planQuery('rope', rope('cos&digest=sha-256'), 'csv')),
    wrong('digest'),
  );
  t.equal(planQuery('rope', rope('cos&digest=sha-256'), 'npy').table.digest, true);
});

t.test('dtype is for the tensors that can take it, and wrong where none can', async (t) => {
  const weights = [[1], [2], [3], [4]];
  const t5 = { num_buckets: 4, max_distance: 8, query_length: 2, key_length: 3 };
  const of = (id: string, params: Params) => shapesOf(planned(id, params));
  t.same(of('t5-buckets', t5), { buckets: ['i64', 2, 3] });
  t.same(of('t5-buckets', { ...t5, dtype: 'i32' }), { buckets: ['i32', 2, 3] });
  t.same(of('t5-buckets', { ...t5, weights }), { buckets: ['i64', 2, 3], bias: ['f32', 1, 2, 3] });
  t.same(of('t5-buckets', { ...t5, weights, dtype: 'i32' }), {
    buckets: ['i32', 2, 3],
    bias: ['f32', 1, 2, 3],
  });
  t.same(of('t5-buckets', { ...t5, weights, dtype: 'f16' }), {
    buckets: ['i64', 2, 3],
    bias: ['f16', 1, 2, 3],
  });
  t.same(
    of('rope-frequencies', {
      head_dim: 4,
      dtype: 'bf16',
      tensors: ['inv_freq'],
    }),
    {
      inv_freq: ['bf16', 2],
    },
  );
  t.same(
    of('rope-frequencies', {
      head_dim: 4,
      dtype: 'f16',
      tensors: ['inv_freq', 'wavelength', 'attention_factor'],
    }),
    {
      inv_freq: ['f16', 2],
      wavelength: ['f64', 2],
      attention_factor: ['f64'],
    },
  );
  t.same(of('rope', { head_dim: 4, length: 2, layout: 'complex' }), { freqs_cis: ['c64', 2, 2] });
  t.same(of('rope', { head_dim: 4, length: 2, layout: 'complex', dtype: 'c64' }), {
    freqs_cis: ['c64', 2, 2],
  });

  const refused: [string, Params][] = [
    ['t5-buckets', { ...t5, dtype: 'f32' }],
    ['t5-buckets', { ...t5, weights, tensors: ['bias'], dtype: 'i32' }],
    ['t5-buckets', { ...t5, dtype: 'bool' }],
    ['rope', { head_dim: 4, length: 2, dtype: 'i64' }],
    ['rope', { head_dim: 4, length: 2, dtype: 'c64' }],
    ['rope', { head_dim: 4, length: 2, dtype: 'f32', layout: 'complex' }],
    ['rope-frequencies', { head_dim: 4, dtype: 'f32', tensors: ['wavelength'] }],
    ['alibi-slopes', { num_heads: 4, dtype: 'i32' }],
  ];
  for (const [id, params] of refused) {
    t.same(
      refusal(() => planned(id, params)),
      wrong('dtype'),
      `${id} ${JSON.stringify(params)}`,
    );
  }
});

t.test('the default dtype, spelled out for either tensor, is the default', async (t) => {
  const params = {
    num_buckets: 4,
    max_distance: 8,
    query_length: 2,
    key_length: 3,
    weights: [[1], [2], [3], [4]],
  };
  const { etag } = plan('t5-buckets', params);
  t.equal(plan('t5-buckets', { ...params, dtype: 'i64' }).etag, etag);
  t.equal(plan('t5-buckets', { ...params, dtype: 'f32' }).etag, etag);
  t.not(plan('t5-buckets', { ...params, dtype: 'i32' }).etag, etag);
});

t.test('only the current revision is served', async (t) => {
  t.equal(planQuery('alibi-slopes', `num_heads=2&revision=${revision}`).table.pinned, true);
  t.equal(planQuery('alibi-slopes', 'num_heads=2').table.pinned, false);
  t.same(
    refusal(() => planQuery('alibi-slopes', 'num_heads=2&revision=0')),
    {
      code: 'revision_unavailable',
      pointers: [],
      extras: { current: revision },
    },
  );
});

t.test('supplied arrays have no canonical URL; their file names the digest of the request', async (t) => {
  const params = (weight: number) => ({
    num_buckets: 4,
    max_distance: 8,
    query_length: 1,
    key_length: 1,
    weights: [[weight], [1], [1], [1]],
  });
  const [plus, minus] = [plan('t5-buckets', params(0)), plan('t5-buckets', params(-0))];
  t.equal(plus.canonicalUrl, null);
  t.match(plus.description.identity, /^sha256:[0-9a-f]{64}$/);
  t.not(plus.etag, minus.etag, 'a negative zero is another number there');
  t.not(plus.description.identity, minus.description.identity);
});

t.test('backend=js computes with TypeScript, whatever is preferred', async (t) => {
  const asked: string[] = [];
  const preferred: Backend = {
    ...jsBackend,
    name: 'gpu',
    prepare: () => ({ fill: (_first, _count, out) => out.fill(asked.push('preferred')) }),
  };
  const both = new Tables(new Kernels([preferred, jsBackend], []), limits, false);
  const read = async (backend: string) => {
    const raw = { values: { num_heads: 2, backend }, errors: [] };
    return wholeOf(both.plan(encodingNamed('alibi-slopes'), formatByName('bin')!, raw), both);
  };
  t.same(await read('js'), await wholeOf(plan('alibi-slopes', { num_heads: 2 }, 'bin'), tables));
  t.same(asked, []);
  await read('auto');
  t.same(asked, ['preferred']);
});
