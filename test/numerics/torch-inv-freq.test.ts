import t from 'tap';
import { torchInvFreq, torchPositionFrequencies } from '../../src/numerics/torch-inv-freq.js';
import { BitComparison, float32Bits, invFreqBits, powfBits } from './torch-bits.js';

t.test('inv_freq has the bits of torch for the (base, dim) pairs of published models', async (t) => {
  const comparison = new BitComparison();
  for (const { rope_theta, dim, inv_freq_bits } of invFreqBits.cases)
    comparison.add(torchInvFreq(rope_theta, dim), inv_freq_bits.join(''));
  t.equal(invFreqBits.cases.length, 48, 'pairs');
  t.equal(comparison.compared, 2760, 'elements compared');
  t.equal(comparison.differing, 0, 'elements that differ');
});

t.test(
  'powers and inv_freq have the bits of torch for every length modulo 16 and for unusual bases',
  async (t) => {
    const powers = new BitComparison();
    const inverses = new BitComparison();
    const tails = new Set<number>();
    for (const { base, dim, power_bits, inv_freq_bits } of powfBits.frequencies) {
      powers.add(torchPositionFrequencies(base, dim), power_bits);
      inverses.add(torchInvFreq(base, dim), inv_freq_bits);
      tails.add(Math.ceil(dim / 2) % 16);
    }
    t.equal(tails.size, 16, 'lengths modulo 16');
    t.equal(powers.compared, 6063, 'powers compared');
    t.equal(powers.differing, 0, 'powers that differ');
    t.equal(inverses.compared, powers.compared, 'frequencies compared');
    t.equal(inverses.differing, 0, 'frequencies that differ');
  },
);

t.test('the tail takes the bits of the C library where those are not the nearest float32', async (t) => {
  for (const [base, dim, i] of [
    [1000, 56, 16],
    [50000, 24, 7],
    [1000042, 30, 4],
  ] as const) {
    const torch = powfBits.frequencies.find((table) => table.base === base && table.dim === dim);
    const bits = float32Bits(torchInvFreq(base, dim)[i]);
    t.equal(bits, torch?.inv_freq_bits.slice(8 * i, 8 * i + 8), `base ${base}, dim ${dim}, entry ${i}`);
  }
});

t.test('the tail is computed with fused operations, which decide one entry of 336 dimensions', async (t) => {
  // Without them the power is 0x1.9cf012p+16.
  t.equal(torchPositionFrequencies(140173, 336)[164], 0x19cf014 / 256);
});

t.test('the exponents may be spread over another denominator and be fewer than half the dim', async (t) => {
  t.same(torchInvFreq(10000, 64, 128, 16), torchInvFreq(10000, 128).slice(0, 16));
  t.same(torchInvFreq(10000, 7).length, 4, 'an odd dim is rounded up');
});
