import t, { type Test } from 'tap';
import type { FloatDType } from '../../src/tensor/dtype.js';
import { goldenCases } from '../support/golden-cases.js';
import { compute, tensor } from '../support/tables.js';
import { compare, type Difference, total } from '../support/ulps.js';

const cases = goldenCases('rope');

function factorOf({ tensor: golden }: (typeof cases)[number]): number {
  return golden('attention_factor').bytes.readDoubleLE(0);
}

/** cos and sin of golden cases in a dtype, held against torch's. */
function againstTorch(t: Test, some: typeof cases, dtype: FloatDType, suffix: string): Difference {
  return total(
    some.flatMap(({ id, params, tensor: golden }) => {
      const ours = compute('rope', { ...params, dtype });
      return (['cos', 'sin'] as const).map((name) => {
        const got = ours.get(name);
        const want = golden(`${name}${suffix}`);
        if (!got) throw new Error(`${id} has no ${name}`);
        t.same(got.spec.shape, want.shape, `${id}: shape of ${name}`);
        return compare(got.bytes, want.bytes, dtype);
      });
    }),
  );
}

t.test(
  'f32 tables lie within one ulp of torch, which misses the nearest in 3 to 5 of 100 elements',
  async (t) => {
    const plain = cases.filter((golden) => factorOf(golden) === 1);
    t.equal(plain.length, 12, 'cases without attention factor');
    t.same(againstTorch(t, plain, 'f32', ''), { elements: 37184, differing: 1244, maxUlp: 1 });
  },
);

t.test(
  'with an attention factor f32 tables are one ulp of torch’s cos and sin, times the factor',
  async (t) => {
    const scaled = cases.filter((golden) => factorOf(golden) !== 1);
    t.equal(scaled.length, 4, 'cases');
    t.same(againstTorch(t, scaled, 'f32', ''), { elements: 10752, differing: 288, maxUlp: 2 });

    let [elements, apart] = [0, 0];
    for (const golden of scaled) {
      const factor = Math.fround(factorOf(golden));
      const unscaled = compute('rope', { ...golden.params, attention_factor: 1 });
      for (const name of ['cos', 'sin']) {
        const nearest = new DataView(unscaled.get(name)?.bytes.buffer ?? new ArrayBuffer(0));
        const torch = golden.tensor(name).bytes;
        const neighbour = new DataView(new ArrayBuffer(4));
        for (let at = 0; at < torch.length; at += 4, elements++) {
          const possible = [-1, 0, 1].map((step) => {
            neighbour.setUint32(0, nearest.getUint32(at, true) + step);
            return Math.fround(neighbour.getFloat32(0) * factor);
          });
          if (!possible.includes(torch.readFloatLE(at))) apart++;
        }
      }
    }
    t.equal(elements, 10752, 'elements compared');
    t.equal(apart, 0, 'elements that are not the factor times a neighbour of the nearest float32');
  },
);

t.test('bf16 and f16 tables have the bits of torch', async (t) => {
  t.same(againstTorch(t, cases, 'bf16', '_bf16'), { elements: 47936, differing: 0, maxUlp: 0 });
  t.same(againstTorch(t, cases, 'f16', '_f16'), { elements: 47936, differing: 0, maxUlp: 0 });
});

t.test('rope-frequencies has the bits of transformers in every golden case', async (t) => {
  const differences = cases.map(({ id, params: { positions: _, ...params }, tensor: golden }) => {
    const factor = tensor('rope-frequencies', params, 'attention_factor').bytes;
    t.same(Buffer.from(factor), golden('attention_factor').bytes, `${id}: attention_factor`);
    return compare(tensor('rope-frequencies', params, 'inv_freq').bytes, golden('inv_freq').bytes, 'f32');
  });
  t.equal(cases.length, 16, 'cases compared');
  t.same(total(differences), { elements: 856, differing: 0, maxUlp: 0 });
});
