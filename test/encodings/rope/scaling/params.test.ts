import t from 'tap';
import { z } from 'zod';
import { scalingLaw, scalingLaws } from '../../../../src/encodings/rope/scaling/index.js';
import { type LawParams, lawCase } from './law-case.js';

const pointers = (params: LawParams) => lawCase(params).errors.map(({ pointer }) => pointer);

t.test('the laws are one ordered list, found by name', async (t) => {
  const names = scalingLaws.map(({ name }) => name);
  t.same(names, [
    'default',
    'linear',
    'ntk',
    'dynamic',
    'ntk-by-parts',
    'yarn',
    'longrope',
    'llama3',
    'proportional',
  ]);
  for (const law of scalingLaws) t.equal(scalingLaw(law.name), law);
  t.equal(scalingLaw('su'), undefined);
});

t.test('transformers has every law but ntk and ntk-by-parts', async (t) => {
  t.same(
    scalingLaws.filter(({ transformers }) => transformers === null).map(({ name }) => name),
    ['ntk', 'ntk-by-parts'],
  );
});

t.test('every parameter is described in one sentence', async (t) => {
  for (const law of scalingLaws) {
    const { properties = {} } = z.toJSONSchema(law.params, { io: 'input' });
    for (const [name, schema] of Object.entries(properties)) {
      const described = typeof schema === 'object' ? schema.description : undefined;
      t.match(described, /^[^.].*\.$/, `${law.name}: ${name}`);
    }
  }
});

t.test('required parameters and defaults are those of the catalogue', async (t) => {
  const required: Readonly<Record<string, readonly string[]>> = {
    default: [],
    linear: ['factor'],
    ntk: [],
    dynamic: ['factor'],
    'ntk-by-parts': ['factor', 'original_max_position_embeddings'],
    yarn: ['factor', 'original_max_position_embeddings'],
    longrope: ['short_factor', 'long_factor', 'original_max_position_embeddings'],
    llama3: ['factor', 'low_freq_factor', 'high_freq_factor', 'original_max_position_embeddings'],
    proportional: [],
  };
  for (const law of scalingLaws) {
    t.same(z.toJSONSchema(law.params, { io: 'input' }).required ?? [], required[law.name], law.name);
  }
  t.same(scalingLaw('yarn')?.params.parse({ factor: 4, original_max_position_embeddings: 8 }), {
    factor: 4,
    original_max_position_embeddings: 8,
    beta_fast: 32,
    beta_slow: 1,
    truncate: true,
    ramp: 'dimension',
  });
  t.same(scalingLaw('ntk-by-parts')?.params.parse({ factor: 4, original_max_position_embeddings: 8 }), {
    factor: 4,
    original_max_position_embeddings: 8,
    ntk_factor: 1,
    extrapolation_factor: 1,
  });
  t.same(scalingLaw('proportional')?.params.parse({}), { factor: 1 });
});

t.test('alpha_rule is power where alpha is given alone', async (t) => {
  t.same(scalingLaw('ntk')?.normalize?.({ alpha: 4 }), { alpha: 4, alpha_rule: 'power' });
  t.same(scalingLaw('ntk')?.normalize?.({ alpha: 4, alpha_rule: 'literal' }), {
    alpha: 4,
    alpha_rule: 'literal',
  });
  t.same(scalingLaw('ntk')?.normalize?.({ factor: 4 }), { factor: 4 });
});

t.test('what would divide by zero or leave float32 is outside the domain', async (t) => {
  const wrong: readonly (readonly [string, string, unknown])[] = [
    ['linear', 'factor', 0],
    ['linear', 'factor', -1],
    ['linear', 'factor', 1e300],
    ['linear', 'factor', Number.POSITIVE_INFINITY],
    ['yarn', 'beta_fast', 0],
    ['yarn', 'original_max_position_embeddings', 0],
    ['yarn', 'original_max_position_embeddings', 4096.5],
    ['yarn', 'mscale_all_dim', -1],
    ['llama3', 'low_freq_factor', 0],
    ['longrope', 'short_factor', [1, 0]],
    ['dynamic', 'seq_len', 0],
    ['ntk-by-parts', 'ntk_factor', 2],
  ];
  for (const [name, field, value] of wrong) {
    const paths = scalingLaw(name)
      ?.params.safeParse({ [field]: value })
      .error?.issues.map(({ path }) => path[0]);
    t.ok(paths?.includes(field), `${name}: ${field} ${value}`);
  }
});

t.test('parameters that contradict each other or the basics are named', async (t) => {
  const yarn = { rope_type: 'yarn', head_dim: 64, factor: 4, original_max_position_embeddings: 2048 };
  const parts = { ...yarn, rope_type: 'ntk-by-parts' };
  const dynamic = { rope_type: 'dynamic', head_dim: 64, factor: 2, max_position_embeddings: 2048 };
  const longrope = {
    rope_type: 'longrope',
    head_dim: 8,
    short_factor: [1, 1, 1, 1],
    long_factor: [1, 2, 3, 4],
    original_max_position_embeddings: 2048,
    factor: 4,
  };
  const { factor: _, ...unscaled } = longrope;
  const cases: readonly (readonly [LawParams, readonly string[]])[] = [
    [{ rope_type: 'ntk', head_dim: 64 }, ['#/factor']],
    [{ rope_type: 'ntk', head_dim: 64, factor: 2, alpha: 2 }, ['#/alpha']],
    [{ rope_type: 'ntk', head_dim: 64, factor: 2, alpha_rule: 'power' }, ['#/alpha_rule']],
    [{ rope_type: 'ntk', head_dim: 2, factor: 2 }, ['#/head_dim']],
    [{ rope_type: 'ntk', head_dim: 8, partial_rotary_factor: 0.25, factor: 2 }, ['#/partial_rotary_factor']],
    [{ rope_type: 'ntk', head_dim: 2, alpha: 2, alpha_rule: 'literal' }, []],
    [dynamic, []],
    [{ ...dynamic, head_dim: 2 }, ['#/head_dim']],
    [{ rope_type: 'dynamic', head_dim: 64, factor: 2 }, ['#/max_position_embeddings']],
    [parts, []],
    [{ ...parts, head_dim: 2, rope_theta: 1 }, ['#/head_dim', '#/rope_theta']],
    [yarn, []],
    [{ ...yarn, rope_theta: 1 }, ['#/rope_theta']],
    [{ ...yarn, rope_theta: 1, ramp: 'rotations' }, []],
    [{ ...yarn, head_dim: 42, partial_rotary_factor: 0.5 }, ['#/partial_rotary_factor']],
    [{ ...yarn, head_dim: 42, partial_rotary_factor: 0.5, ramp: 'rotations' }, []],
    [{ ...yarn, ramp: 'rotations', beta_fast: 1 }, ['#/beta_fast']],
    [longrope, []],
    [{ ...longrope, head_dim: 10 }, ['#/short_factor', '#/long_factor']],
    [{ ...longrope, long_factor: [1, 1, 1] }, ['#/long_factor']],
    [{ ...longrope, head_dim: 14, partial_rotary_factor: 0.5 }, []],
    [unscaled, ['#/factor']],
    [{ ...unscaled, attention_factor: 1.2 }, []],
    [{ ...unscaled, max_position_embeddings: 8192 }, []],
    [{ ...longrope, original_max_position_embeddings: 1 }, ['#/original_max_position_embeddings']],
    [{ ...longrope, original_max_position_embeddings: 1, factor: 1 }, []],
    [{ rope_type: 'proportional', head_dim: 21 }, ['#/head_dim']],
  ];
  for (const [params, expected] of cases) t.same(pointers(params), expected, JSON.stringify(params));
});

t.test('the corners of the domain give frequencies, not errors', async (t) => {
  let tried = 0;
  const ends = [1e-6, 1, 1e6];
  for (const factor of ends) {
    for (const other of ends) {
      for (const rope_theta of [1, 1.0000000000000002, 1e300]) {
        for (const head_dim of [2, 4, 6, 64]) {
          const pairs = new Array<number>(head_dim / 2).fill(other);
          const original_max_position_embeddings = factor > 1 ? 1 : Number.MAX_SAFE_INTEGER;
          const common = { head_dim, rope_theta, factor };
          const trained = { ...common, original_max_position_embeddings };
          const cases: readonly LawParams[] = [
            { ...common, rope_type: 'linear' },
            { ...common, rope_type: 'ntk' },
            { ...common, rope_type: 'dynamic', max_position_embeddings: 2048, seq_len: 2049 },
            { ...common, rope_type: 'dynamic', max_position_embeddings: 1, seq_len: Number.MAX_SAFE_INTEGER },
            { ...common, rope_type: 'dynamic', max_position_embeddings: Number.MAX_SAFE_INTEGER },
            { ...trained, rope_type: 'ntk-by-parts' },
            { ...trained, rope_type: 'yarn', beta_fast: other, mscale: other, mscale_all_dim: 1e6 },
            {
              ...trained,
              rope_type: 'longrope',
              short_factor: pairs,
              long_factor: pairs,
              attention_factor: 1,
            },
            { ...trained, rope_type: 'llama3', low_freq_factor: other, high_freq_factor: 1 },
            { ...common, rope_type: 'proportional' },
          ];
          for (const params of cases) {
            const { law, own, basics, errors } = lawCase(params);
            if (errors.length > 0) continue;
            const framework = law.transformers?.(own, basics).inv_freq ?? [];
            const real = law.exact(own, basics).inv_freq;
            const bad = [...framework, ...real.map((w) => w.toNumber())].filter((w) => !(w >= 0));
            if (bad.length > 0) t.fail(`${JSON.stringify(params)} gives ${bad[0]}`);
            tried++;
          }
        }
      }
    }
  }
  t.ok(tried > 800, `${tried} cases`);
});
