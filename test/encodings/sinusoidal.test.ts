import { createHash } from 'node:crypto';
import t from 'tap';

import { goldenCases } from '../support/golden-cases.js';
import { tensor } from '../support/tables.js';
import { compare, total } from '../support/ulps.js';

const casesOf = (...variants: string[]) =>
  goldenCases('sinusoidal').filter(({ params }) => variants.includes(String(params.variant)));

t.test('vaswani and marian have the bits of transformers', async (t) => {
  const cases = casesOf('vaswani', 'marian');
  const differences = cases.map(({ id, params, tensor: golden }) => {
    const got = tensor('sinusoidal', params, 'table');
    t.same(got.spec.shape, golden('table').shape, `${id}: shape`);
    return compare(got.bytes, golden('table').bytes, 'f32');
  });
  t.equal(cases.length, 4, 'cases compared');
  t.same(total(differences), { elements: 20736, differing: 0, maxUlp: 0 });
});

t.test('a Marian table of 512 × 512 has the hash of transformers', async (t) => {
  const { bytes } = tensor('sinusoidal', { dim: 512, length: 512, variant: 'marian' }, 'table');
  t.equal(createHash('sha256').update(bytes).digest('hex').slice(0, 16), 'c610a6a49ad5d2fb');
});
