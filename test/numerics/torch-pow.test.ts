import t from 'tap';
import { glibcPowf } from '../../src/numerics/glibc-powf.js';
import { sleefPowf } from '../../src/numerics/sleef-powf.js';
import { torchPowScalarBase } from '../../src/numerics/torch-pow.js';
import { BitComparison, powfBits } from './torch-bits.js';

t.test(
  'integer powers of bases below 1 have the bits of torch, as the slopes of ALiBi need them',
  async (t) => {
    const comparison = new BitComparison();
    for (const { base, first, step, count, power_bits } of powfBits.integer_powers) {
      const exponents = Float32Array.from({ length: count }, (_, i) => first + i * step);
      comparison.add(torchPowScalarBase(base, exponents), power_bits);
    }
    t.equal(comparison.compared, 1412, 'elements compared');
    t.equal(comparison.differing, 0, 'elements that differ');
  },
);

t.test('whole groups of 16 go to the vector library and the rest to the C library', async (t) => {
  const exponents = Float32Array.from({ length: 37 }, (_, i) => Math.fround(i / 37));
  const powers = torchPowScalarBase(123456.7, exponents);
  const base = Math.fround(123456.7);
  const expected = exponents.map((y, i) => (i < 32 ? sleefPowf(base, y) : glibcPowf(base, y)));
  t.same(powers, expected);
});

t.test(
  'powers of 0, 1 and infinity, zeroth powers, underflow and overflow are as IEEE 754 says',
  async (t) => {
    for (const length of [1, 16]) {
      const powers = (base: number, y: number) =>
        new Set(torchPowScalarBase(base, new Float32Array(length).fill(y)));
      t.same(powers(1, 0.3), new Set([1]));
      t.same(powers(1 + 1e-12, 0.3), new Set([1]), 'a base that float32 rounds to 1');
      t.same(powers(0, 0), new Set([1]));
      t.same(powers(0, 2), new Set([0]));
      t.same(powers(0, -2), new Set([Infinity]));
      t.same(powers(1e39, 0), new Set([1]));
      t.same(powers(1e39, 0.5), new Set([Infinity]));
      t.same(powers(1e39, -0.5), new Set([0]));
      t.same(powers(10, 60), new Set([Infinity]));
      t.same(powers(10, -60), new Set([0]));
      t.same(powers(10, 1e30), new Set([Infinity]));
      t.same(powers(0.5, 1e30), new Set([0]));
      t.same(powers(0.5, 140), new Set([2 ** -140]), 'a subnormal');
      t.same(powers(2 ** -140, 0.5), new Set([2 ** -70]), 'of a subnormal');
      t.same(powers(2 ** 127, 1), new Set([2 ** 127]));
      t.same(powers(3.4028234663852886e38, 1), new Set([3.4028234663852886e38]));
    }
  },
);

t.test('negative bases, NaN and exponents that are not finite are refused', async (t) => {
  t.throws(() => torchPowScalarBase(-2, Float32Array.of(1)), RangeError);
  t.throws(() => torchPowScalarBase(NaN, Float32Array.of(1)), RangeError);
  t.throws(() => torchPowScalarBase(2, Float32Array.of(Infinity)), RangeError);
});
