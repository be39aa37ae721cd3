import fc from 'fast-check';
import t from 'tap';
import { Real } from '../../src/numerics/real.js';
import { golden, real, within } from './golden.js';

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

for (const name of ['exp', 'ln', 'sqrt', 'sin', 'cos'] as const) {
  const cases = golden.functions[name];
  t.test(`${name} is the Real nearest to mpmath's value in all ${cases.length} cases`, async (t) => {
    const wrong = cases.filter(([x, y]) => real(x)[name]().compare(real(y)) !== 0);
    t.same(wrong, []);
  });
}

t.test(`pow is within 2^-319 of mpmath's value in all ${golden.powers.length} cases`, async (t) => {
  t.same(
    golden.powers.filter(([x, y, z]) => !within(real(x).pow(real(y)), real(z), -319)),
    [],
  );
});

t.test(
  `a rational exponent costs no more than its own rounding in all ${golden.roots.length} cases`,
  async (t) => {
    // The exponent is off by 2^-320 of itself, the power by that times |ln power| < 2^5.
    t.same(
      golden.roots.filter(([x, a, b, z]) => !within(real(x).pow(Real.ratio(a, b)), real(z), -315)),
      [],
    );
  },
);

t.test('powers of two and perfect powers come out exact', async (t) => {
  const exact = (x: Real, y: number) => t.equal(x.compare(y), 0, String(y));
  exact(Real.from(2).pow(-3), 0.125);
  exact(Real.from(8).pow(Real.ratio(1, 3)), 2);
  exact(Real.from(8).pow(Real.ratio(-2, 3)), 0.25);
  exact(Real.from(2).pow(Real.ratio(-8 * 3, 12)), 0.25);
  exact(Real.from(256).pow(Real.ratio(-5, 8)), 2 ** -5);
  exact(Real.from(0.25).pow(0.5), 0.5);
  exact(Real.from(2).pow(-1074), 5e-324);
  exact(Real.from(9).pow(0.5), 3);
  exact(Real.from(81).pow(-0.25).mul(3), 1);
  exact(Real.from(10).powInt(22), 1e22);
  exact(Real.from(-3).powInt(3), -27);
  exact(Real.from(0).pow(0), 1);
  exact(Real.from(0).pow(0.5), 0);
  exact(Real.from(1).pow(0.3), 1);
  exact(Real.from(1.5).powInt(-1).mul(1.5), 1);
  t.equal(Real.from(27).pow(Real.ratio(1, 3)).round('f64'), 3);
});

t.test('operations without a real result are RangeErrors', async (t) => {
  for (const operation of [
    () => Real.from(Number.NaN),
    () => Real.from(Number.POSITIVE_INFINITY),
    () => Real.one.add(Number.NEGATIVE_INFINITY),
    () => Real.ratio(1, 0),
    () => Real.one.div(0),
    () => Real.from(-1).sqrt(),
    () => Real.zero.ln(),
    () => Real.from(-1).ln(),
    () => Real.from(-2).pow(0.5),
    () => Real.zero.pow(-1),
    () => Real.zero.pow(-0.5),
    () => Real.from(2).powInt(0.5),
    () => Real.powerOfTwo(0.5),
    () => Real.from(1e10).exp(),
    () => Real.from(1e300).pow(1e10 + 0.5),
  ])
    t.throws(operation, RangeError, operation.toString());
});

t.test('sums, differences, products and quotients of float64 are the exact ones rounded once', async () => {
  fc.assert(
    fc.property(finite, finite, (x, y) => {
      const [a, b] = [Real.from(x), Real.from(y)];
      // +0 of an exact cancellation is Real's only zero.
      if (a.add(b).toNumber() !== x + y || a.sub(b).toNumber() !== x - y) return false;
      if (y !== 0 && a.div(b).toNumber() !== x / y) return false;
      return a.mul(b).toNumber() === x * y;
    }),
    { numRuns: 5000 },
  );
});

t.test('addition to the last place agrees with integers', async () => {
  const wide = fc.bigInt({ min: -(2n ** 319n), max: 2n ** 319n });
  fc.assert(
    fc.property(wide, wide, (a, b) => {
      const [x, y] = [Real.from(a), Real.from(b)];
      return (
        x.add(y).floor() === a + b &&
        x.sub(y).ceil() === a - b &&
        x.compare(y) === Number(a > b) - Number(a < b)
      );
    }),
    { numRuns: 2000 },
  );
});

t.test(
  'rounding in the last place is to nearest, half to even, whatever the distance of the summands',
  async (t) => {
    const big = Real.from(2n ** 319n + 1n);
    t.equal(big.add(0.5).compare(Real.from(2n ** 319n + 2n)), 0);
    t.equal(big.sub(0.5).compare(Real.from(2n ** 319n)), 0);
    t.equal(big.add(Real.from(0.5).sub(2 ** -60)).compare(big), 0);
    t.equal(big.add(Real.powerOfTwo(-4)).compare(big), 0);
    t.equal(
      Real.from(2n ** 319n)
        .sub(Real.from(0.25).add(2 ** -60))
        .compare(Real.from(2n ** 320n - 1n).mul(0.5)),
      0,
    );
    t.equal(
      Real.from(2n ** 320n - 1n)
        .add(0.5)
        .compare(Real.powerOfTwo(320)),
      0,
    );
    t.equal(Real.from(2n ** 320n + 1n).compare(Real.powerOfTwo(320)), 0);
  },
);

t.test('division and square root err by at most half a last place', async () => {
  const wide = fc.bigInt({ min: 1n, max: 2n ** 320n - 1n });
  fc.assert(
    fc.property(wide, wide, (a, b) => {
      const [x, y] = [Real.from(a), Real.from(b)];
      const q = x.div(y);
      const root = x.sqrt();
      // |q·b − a| ≤ ulp(q)/2 · b and |root² − a| ≤ ulp(root) · root, in integers scaled alike.
      const scale = (m: bigint, e: number) => (e >= 0 ? m << BigInt(e) : m);
      const left =
        q.exponent >= 0 ? scale(q.mantissa, q.exponent) * b - a : q.mantissa * b - (a << BigInt(-q.exponent));
      const half = scale(b, Math.max(0, q.exponent));
      const distance = left < 0n ? -left : left;
      const square = root.mantissa * root.mantissa - (a << BigInt(-2 * root.exponent));
      return 2n * distance <= half && (square < 0n ? -square : square) <= root.mantissa;
    }),
    { numRuns: 1000 },
  );
});

t.test('floor and ceil are those of the float64', async () => {
  fc.assert(
    fc.property(finite, (x) => {
      const y = Real.from(x);
      return y.floor() === BigInt(Math.floor(x)) && y.ceil() === BigInt(Math.ceil(x));
    }),
  );
});

t.test('constants satisfy their identities', async (t) => {
  t.equal(Real.pi().toNumber(), Math.PI);
  t.equal(Real.ln2().toNumber(), Math.LN2);
  t.equal(Real.two.ln().compare(Real.ln2()), 0);
  t.ok(within(Real.ln2().exp(), Real.two, -319));
  // sin of the rounded π is the rounding error of π.
  t.ok(Real.pi().sin().abs().compare(Real.powerOfTwo(-319)) < 0);
  t.equal(Real.pi().cos().compare(-1), 0);
  t.equal(Real.pi(), Real.pi());
  t.equal(Real.from(0.1).neg().abs().compare(0.1), 0);
  t.equal(Real.from(-2).sign(), -1);
  t.equal(Real.zero.sign(), 0);
  t.ok(Real.from(0.5).sub(0.5).isZero());
});
