import t from 'tap';
import {
  realSoftmaxScaleMultiplier,
  softmaxScaleMultiplier,
} from '../../../../src/encodings/rope/scaling/yarn.js';
import { type LawParams, lawCase } from './law-case.js';

const deepseek = { rope_type: 'yarn', head_dim: 64, factor: 40, original_max_position_embeddings: 4096 };

type Range = readonly [number, number];

function ranges(params: LawParams) {
  const { law, own, basics } = lawCase(params);
  return {
    framework: law.transformers?.(own, basics).correction_range,
    real: law.exact(own, basics).correction_range?.map((bound) => bound.toNumber()),
  };
}

t.test('the correction range is that of the models', async (t) => {
  const kimi = { ...deepseek, rope_theta: 50000, beta_fast: 1, beta_slow: 1, factor: 32 };
  const models: readonly (readonly [string, LawParams, Range, Range?])[] = [
    ['DeepSeek-V3', deepseek, [10, 23]],
    [
      'Qwen',
      { ...deepseek, head_dim: 128, rope_theta: 1e6, factor: 4, original_max_position_embeddings: 32768 },
      [23, 40],
    ],
    [
      'Olmo 3',
      { ...deepseek, head_dim: 128, rope_theta: 5e5, factor: 8, original_max_position_embeddings: 8192 },
      [18, 35],
    ],
    ['Kimi-K2', kimi, [19, 20]],
    ['Kimi-K2.5', { ...kimi, beta_fast: 32, factor: 64 }, [8, 20]],
    [
      'gpt-oss',
      { ...deepseek, rope_theta: 150000, factor: 32, truncate: false },
      [8.092779115512402, 17.39802450158856],
      [8.092779115512402, 17.398024501588555],
    ],
  ];
  for (const [name, params, range, exactRange] of models) {
    const { framework, real } = ranges(params);
    t.same(framework, range, `${name}, transformers`);
    t.same(real, exactRange ?? range, `${name}, exact`);
  }
});

t.test('an untruncated range that is empty stays empty, and its ramp is a step', async (t) => {
  const { law, own, basics } = lawCase({
    ...deepseek,
    beta_fast: 1,
    beta_slow: 1,
    rope_theta: 50000,
    truncate: false,
  });
  const step = [...new Array(20).fill(0), ...new Array(12).fill(1)];
  const framework = law.transformers?.(own, basics);
  const real = law.exact(own, basics);
  t.equal(framework?.correction_range?.[0], framework?.correction_range?.[1]);
  t.equal(real.correction_range?.[0].compare(real.correction_range[1]), 0);
  t.same([...(framework?.ramp ?? [])], step);
  t.same(
    real.ramp?.map((weight) => weight.toNumber()),
    step,
  );
});

t.test('the ramp by rotations is the paper’s: beta_slow to beta_fast turns', async (t) => {
  const { law, own, basics } = lawCase({
    ...deepseek,
    head_dim: 8,
    factor: 4,
    original_max_position_embeddings: 2048,
    ramp: 'rotations',
  });
  const { correction_range, ramp, inv_freq } = law.exact(own, basics);
  t.same(
    correction_range?.map((bound) => bound.toNumber()),
    [1, 32],
  );
  t.same(
    ramp?.map((weight) => weight.sub(1).neg().toNumber().toFixed(6)),
    ['1.000000', '1.000000', '0.072887', '0.000000'],
  );
  t.equal(inv_freq[2]?.toNumber().toFixed(6), '0.003047');
  t.equal(law.framework_has?.(own), false, 'transformers has no such ramp');
  t.equal(law.framework_has?.({ ...own, ramp: 'dimension' }), true);
});

t.test('the softmax scale multiplier is (0.1 · mscale_all_dim · ln factor + 1)²', async (t) => {
  const v2 = JSON.parse('{"factor": 40, "mscale": 0.707, "mscale_all_dim": 0.707}');
  t.equal(softmaxScaleMultiplier(v2), 1.5896261651208736, 'DeepSeek-V2, float64 as transformers');
  t.equal(realSoftmaxScaleMultiplier(v2).toNumber(), 1.5896261651208734, 'DeepSeek-V2, real');
  t.equal(softmaxScaleMultiplier({ factor: 40, mscale: 1 }), 1, 'without mscale_all_dim');
  t.equal(softmaxScaleMultiplier({ factor: 0.5, mscale_all_dim: 1 }), 1, 'where nothing is extended');
  t.equal(softmaxScaleMultiplier({}), 1, 'of laws that have neither parameter');
});
