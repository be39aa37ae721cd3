import { createHash } from 'node:crypto';
import t from 'tap';
import { goldenCases } from '../support/golden-cases.js';
import { compareColumns, ourFrequencies, torchFrequencies, ulp } from '../support/sinusoidal-columns.js';
import { type Params, tensor } from '../support/tables.js';
import { compare, total } from '../support/ulps.js';

const casesOf = (...variants: string[]) =>
  goldenCases('sinusoidal').filter(({ params }) => variants.includes(String(params.variant)));

function table(params: Params): Float32Array {
  return new Float32Array(tensor('sinusoidal', params, 'table').bytes.buffer);
}

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

const mkl = ['tensor2tensor', 'whisper', 'musicgen'] as const;

t.test('frequencies of the variants with MKL’s exp differ from torch’s by at most one ulp', async (t) => {
  for (const variant of mkl) {
    let [columns, differing, beyond] = [0, 0, 0];
    for (const [dim, torch] of torchFrequencies) {
      const frequencies = ourFrequencies(dim, variant);
      t.equal(frequencies.length, torch.length, `${variant}, dim ${dim}`);
      for (const [k, frequency] of frequencies.entries()) {
        const distance = Math.abs(frequency - torch[k]!);
        columns++;
        if (distance > 0) differing++;
        if (distance > Math.max(ulp(frequency), ulp(torch[k]!))) beyond++;
      }
    }
    t.same({ columns, differing, beyond }, { columns: 4117, differing: 36, beyond: 0 }, variant);
  }
});

for (const variant of mkl) {
  t.test(`${variant} lies within one ulp of torch where the frequency has its bits`, async (t) => {
    const cases = casesOf(variant);
    const [small, large] = cases.map(({ id, params, tensor: golden }) => {
      const got = tensor('sinusoidal', params, 'table');
      const want = golden('table');
      t.same(got.spec.shape, want.shape, `${id}: shape`);
      return compareColumns(got.bytes, want, Number(params.dim), variant);
    });
    t.equal(cases.length, 2, 'cases compared');
    t.same(small, {
      agreeing: { elements: 2048, differing: 97, beyond: 0 },
      apart: { columns: 0, elements: 0, beyond: 0 },
    });
    // One frequency of 32 differs, so a column of sines and one of cosines do.
    t.same(large, {
      agreeing: { elements: 8060, differing: 332, beyond: 0 },
      apart: { columns: 2, elements: 260, beyond: 0 },
    });
  });
}

t.test('each variant puts sines and cosines where its project does', async (t) => {
  /** The columns of row 1 by name, such as s1 for the sine of the second frequency. */
  const order = (variant: string, dim = 4) => {
    const half = Math.max(Math.floor(dim / 2) - 1, 1);
    const frequency = ['vaswani', 'marian', 'cos_first'].includes(variant)
      ? (k: number) => 10000 ** ((-2 * k) / dim)
      : (k: number) => 10000 ** (-k / half);
    const known = [0, 1, 2].flatMap((k) => [
      [`s${k}`, Math.sin(frequency(k))] as const,
      [`c${k}`, Math.cos(frequency(k))] as const,
    ]);
    const name = (value: number) =>
      value === 0 ? '0' : known.find(([, near]) => Math.abs(value - near) < 1e-6)?.[0];
    return [...table({ variant, dim, positions: [1], profile: 'exact' })].map(name).join(' ');
  };
  t.equal(order('vaswani'), 's0 c0 s1 c1');
  t.equal(order('cos_first'), 'c0 s0 c1 s1');
  t.equal(order('marian'), 's0 s1 c0 c1');
  t.equal(order('tensor2tensor'), 's0 s1 c0 c1');
  t.equal(order('whisper'), 's0 s1 c0 c1');
  t.equal(order('musicgen'), 'c0 c1 s0 s1');
  t.equal(order('vaswani', 5), 's0 c0 s1 c1 s2');
  t.equal(order('marian', 5), 's0 s1 s2 c0 c1');
  t.equal(order('tensor2tensor', 5), 's0 s1 c0 c1 0', 'an odd dim ends with a zero column');
  t.equal(order('musicgen', 3), 'c0 s0 0');
});

t.test('whisper and tensor2tensor are one table in both profiles', async (t) => {
  for (const profile of ['transformers', 'exact']) {
    const params = { dim: 34, length: 50, profile };
    t.same(table({ ...params, variant: 'whisper' }), table({ ...params, variant: 'tensor2tensor' }), profile);
  }
});

t.test('fractions lie between: a table of half positions holds the rows of the whole ones', async (t) => {
  for (const variant of ['vaswani', 'marian', 'whisper'])
    for (const profile of ['transformers', 'exact']) {
      const params = { dim: 16, variant, profile };
      const halves = table({ ...params, positions: Array.from({ length: 9 }, (_, i) => i / 2) });
      const whole = table({ ...params, length: 5 });
      t.same(
        Array.from({ length: 5 }, (_, row) => [...halves.subarray(32 * row, 32 * row + 16)]).flat(),
        [...whole],
        `${variant}, ${profile}`,
      );
    }
});

t.test('a wider base slows the waves down and base 1 makes them equal', async (t) => {
  const last = (base: number) =>
    table({ dim: 8, base, variant: 'marian', positions: [1], profile: 'exact' })[3];
  t.equal(last(1), Math.fround(0.8414709848078965));
  t.equal(last(10 ** 8), Math.fround(9.999999999998333e-7));
});
