import fc from 'fast-check';
import t from 'tap';
import { Real } from '../../src/numerics/real.js';
import { bits, golden, real } from './golden.js';

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

t.test(
  `ties, subnormals and overflow round as IEEE 754 says in all ${golden.roundings.length} cases`,
  async (t) => {
    t.same(
      golden.roundings.filter(([dtype, x, expected]) => bits(real(x).round(dtype)) !== expected),
      [],
    );
  },
);

t.test('rounding a float64 to f64 is the identity', async () => {
  fc.assert(
    fc.property(finite, (x) => Real.from(x).round('f64') === x && Real.from(x).toNumber() === x),
    { numRuns: 5000 },
  );
});

t.test('rounding a float64 to f32 is Math.fround', async () => {
  const anyFloat32Range = fc.double({ min: -(2 ** 128), max: 2 ** 128, noNaN: true });
  const subnormal = fc.double({ min: -(2 ** -125), max: 2 ** -125, noNaN: true });
  fc.assert(
    fc.property(
      fc.oneof(finite, anyFloat32Range, subnormal),
      (x) => x === 0 || bits(Real.from(x).round('f32')) === bits(Math.fround(x)),
    ),
    { numRuns: 5000 },
  );
});

t.test('the middle of two neighbours goes to the even one, and either side of it to its own', async () => {
  const widths = [
    ['f64', 53],
    ['f32', 24],
    ['f16', 11],
    ['bf16', 8],
  ] as const;
  fc.assert(
    fc.property(
      fc.constantFrom(...widths),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.integer({ min: -13, max: 14 }),
      ([dtype, width], part, top) => {
        const n = 2 ** (width - 1) + Math.floor(part * 2 ** (width - 1));
        const unit = Real.powerOfTwo(top - width + 1);
        const value = (k: number) => unit.mul(k).round('f64');
        const tie = unit.mul(n).add(unit.div(2));
        const nudge = unit.mul(Real.powerOfTwo(-150));
        return (
          tie.round(dtype) === value(n % 2 === 0 ? n : n + 1) &&
          tie.add(nudge).round(dtype) === value(n + 1) &&
          tie.sub(nudge).round(dtype) === value(n) &&
          tie.neg().round(dtype) === -tie.round(dtype)
        );
      },
    ),
    { numRuns: 3000 },
  );
});

t.test('zero has no sign, and what vanishes keeps its own', async (t) => {
  t.equal(bits(Real.from(-0).round('f32')), bits(0));
  t.equal(bits(Real.powerOfTwo(-5000).neg().round('f64')), bits(-0));
  t.equal(Real.powerOfTwo(5000).neg().toNumber(), Number.NEGATIVE_INFINITY);
});
