import { createHash } from 'node:crypto';
import t from 'tap';
import { bfloat16ToNumber } from '../../src/tensor/bfloat16.js';
import type { FloatDType } from '../../src/tensor/dtype.js';
import { goldenCases } from '../support/golden-cases.js';
import { type Params, plan, tensor } from '../support/tables.js';
import { compare, total } from '../support/ulps.js';

function bias(params: Params): Float32Array {
  return new Float32Array(tensor('alibi-bias', params, 'bias').bytes.buffer);
}

function slopes(params: Params): Float32Array {
  return new Float32Array(tensor('alibi-slopes', params, 'slopes').bytes.buffer);
}

for (const [variant, cases, elements] of [
  ['bloom', 10, 9834],
  ['mpt', 10, 9834],
  ['falcon', 9, 9801],
] as const) {
  t.test(`golden bias rows of ${variant} have the bits of transformers`, async (t) => {
    const own = goldenCases('alibi-bias').filter(({ params }) => params.variant === variant);
    const differences = own.map(({ id, params, tensor: golden }) => {
      const want = golden('bias');
      const got = tensor('alibi-bias', params, 'bias');
      t.same(got.spec.shape, want.shape, `${id}: shape`);
      const dtype: FloatDType = variant === 'falcon' ? 'bf16' : 'f32';
      t.equal(got.spec.dtype, dtype);
      return compare(got.bytes, want.bytes, dtype);
    });
    t.equal(own.length, cases, 'cases compared');
    t.same(total(differences), { elements, differing: 0, maxUlp: 0 });
  });
}

/** First 16 hex digits of the SHA-256 of float32 slopes: transformers' bloom, the authors' list, MPT. */
const hashes: readonly (readonly [number, string, string, string])[] = [
  [8, '275bb4f75324a4e5', '275bb4f75324a4e5', '275bb4f75324a4e5'],
  [12, '3c9818989b075d31', 'c9290db60fb24c9f', 'c9290db60fb24c9f'],
  [16, '5a2f7a10b08db09b', 'f224545d305fa6da', 'f224545d305fa6da'],
  [32, '391f4dac31e81bb5', '091d67e03a0ef64a', '091d67e03a0ef64a'],
  [40, '37c0f6b245b6d2c8', 'a205caad9228389c', 'a205caad9228389c'],
  [64, 'd2e957cf03bf07b7', '76bd9924f960d605', '76bd9924f960d605'],
  [71, '2178bb029ac389ad', 'afe54972844dee65', 'adc3dbb61468db48'],
  [112, '2553391a1dcff8ef', 'a97db9cd3dc6f7bf', 'b45ecd9ce1da2582'],
];

t.test('slopes of bloom, of the authors and of mpt have the hashes of their sources', async (t) => {
  const hash = (params: Params) =>
    createHash('sha256')
      .update(tensor('alibi-slopes', params, 'slopes').bytes)
      .digest('hex')
      .slice(0, 16);
  for (const [num_heads, bloom, press, mpt] of hashes) {
    t.equal(hash({ num_heads, variant: 'bloom' }), bloom, `bloom, ${num_heads} heads`);
    t.equal(hash({ num_heads }), press, `press, ${num_heads} heads`);
    t.equal(hash({ num_heads, variant: 'mpt' }), mpt, `mpt, ${num_heads} heads`);
  }
});

t.test(
  'the authors’ slopes of 8 heads are 1/2, 1/4, … 1/256, those of 12 add every second one of 16',
  async (t) => {
    const eight = [1, 2, 3, 4, 5, 6, 7, 8].map((k) => 2 ** -k);
    t.same([...slopes({ num_heads: 8 })], eight);
    const more = [0.5, 1.5, 2.5, 3.5].map((k) => Math.fround(2 ** -Math.ceil(k) * Math.SQRT2));
    t.same([...slopes({ num_heads: 12 })], [...eight, ...more]);
  },
);

t.test('alibi_bias_max sets the exponent of mpt’s last head', async (t) => {
  t.same(
    [...slopes({ num_heads: 4, variant: 'mpt', alibi_bias_max: 16 })],
    [2 ** -4, 2 ** -8, 2 ** -12, 2 ** -16],
  );
});

t.test('the matrix is −slope · |q − k|, its last query at the last key', async (t) => {
  const square = bias({ num_heads: 2, key_length: 3 });
  const [a, b] = [2 ** -4, 2 ** -8];
  const distances = [0, 1, 2, 1, 0, 1, 2, 1, 0];
  t.same(
    [...square],
    [a, b].flatMap((slope) => distances.map((distance) => 0 - slope * distance)),
  );
  const lastQuery = bias({ num_heads: 1, query_length: 1, key_length: 4 });
  t.same(
    [...lastQuery],
    [3, 2, 1, 0].map((distance) => 0 - distance / 256),
  );
  const before = bias({ num_heads: 1, query_length: 3, key_length: 1 });
  t.same(
    [...before],
    [2, 1, 0].map((distance) => 0 - distance / 256),
    'queries before the first key',
  );
});

t.test('zero distances are 0, never −0', async (t) => {
  for (const params of [
    {},
    { variant: 'bloom', form: 'row' },
    { variant: 'mpt', form: 'row' },
    { profile: 'exact' },
  ]) {
    const values = bias({ num_heads: 3, key_length: 5, ...params });
    t.equal(values.filter((value) => Object.is(value, -0)).length, 0, JSON.stringify(params));
  }
});

t.test('causal puts −Infinity where the key is after the query and changes nothing else', async (t) => {
  const params = { num_heads: 3, query_length: 5, key_length: 8 };
  for (const dtype of ['f32', 'f64', 'f16', 'bf16'] as const) {
    const bytes = dtype === 'f64' ? 8 : dtype === 'f32' ? 4 : 2;
    const open = Buffer.from(tensor('alibi-bias', { ...params, dtype }, 'bias').bytes);
    const causal = Buffer.from(tensor('alibi-bias', { ...params, dtype, causal: true }, 'bias').bytes);
    const minus = { f64: '000000000000f0ff', f32: '000080ff', f16: '00fc', bf16: '80ff' }[dtype];
    let wrong = 0;
    for (let i = 0; i < 3 * 5 * 8; i++) {
      const masked = i % 8 > (Math.floor(i / 8) % 5) + 3;
      const got = causal.toString('hex', bytes * i, bytes * (i + 1));
      if (got !== (masked ? minus : open.toString('hex', bytes * i, bytes * (i + 1)))) wrong++;
    }
    t.equal(wrong, 0, dtype);
  }
});

t.test('falcon’s other dtypes hold the bfloat16 products widened', async (t) => {
  const params = { num_heads: 71, variant: 'falcon', form: 'row', key_length: 2048 };
  const narrow = new Uint16Array(tensor('alibi-bias', { ...params, dtype: 'bf16' }, 'bias').bytes.buffer);
  const wide = bias(params);
  let differing = 0;
  for (const [i, bits] of narrow.entries()) if (bfloat16ToNumber(bits) !== wide[i]) differing++;
  t.equal(narrow.length, 145408, 'elements compared');
  t.equal(differing, 0);
});

t.test('press exists in profile exact alone, which is then the default', async (t) => {
  t.equal(plan('alibi-slopes', { num_heads: 8 }).table.profile, 'exact');
  t.equal(plan('alibi-slopes', { num_heads: 8, variant: 'bloom' }).table.profile, 'transformers');
  t.throws(() => plan('alibi-bias', { num_heads: 8, key_length: 4, profile: 'transformers' }), {
    errors: [{ pointer: '#/profile' }],
  });
});
