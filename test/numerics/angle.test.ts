import fc from 'fast-check';
import t from 'tap';
import { Angle, rotate } from '../../src/numerics/angle.js';
import { Real } from '../../src/numerics/real.js';
import { golden, real, within } from './golden.js';

const cases = golden.angles.map(([frequency, position, cos, sin]) => ({
  angle: new Angle(real(frequency)),
  position: real(position).toNumber(),
  cos: real(cos),
  sin: real(sin),
}));

const out = new Float64Array(12);
const pair = (at: number) => Real.from(out[at]!).add(out[at + 1]!);

/** Largest difference of the two rotations at `a` and `b`, in units of 2^−95. */
function distance(a: number, b: number): number {
  const cos = Math.abs(out[a]! - out[b]! + (out[a + 1]! - out[b + 1]!));
  const sin = Math.abs(out[a + 2]! - out[b + 2]! + (out[a + 3]! - out[b + 3]!));
  return Math.max(cos, sin) * 2 ** 95;
}

t.test(
  `cosReal and sinReal are the Reals nearest to mpmath's values in all ${cases.length} cases`,
  async (t) => {
    const wrong = cases.filter(
      ({ angle, position, cos, sin }) =>
        angle.cosReal(position).compare(cos) !== 0 || angle.sinReal(position).compare(sin) !== 0,
    );
    t.same(wrong, []);
  },
);

t.test(`sincos errs by less than 2^-95 of each value in all ${cases.length} cases`, async (t) => {
  let subnormal = 0;
  const wrong = cases.filter(({ angle, position, cos, sin }) => {
    angle.sincos(position, out, 0);
    if (!within(pair(0), cos, -95)) return true;
    if (sin.isZero() || sin.abs().compare(Real.powerOfTwo(-960)) > 0) return !within(pair(2), sin, -95);
    // The low part is subnormal: the high part is still the nearest float64.
    subnormal++;
    return out[2] !== sin.toNumber();
  });
  t.same(wrong, []);
  t.equal(subnormal, 5);
});

t.test('the low part is at most half a last place of the high part', async (t) => {
  const wrong = cases.filter(({ angle, position }) => {
    angle.sincos(position, out, 0);
    return out[0]! + out[1]! !== out[0] || out[2]! + out[3]! !== out[2];
  });
  t.same(wrong, []);
});

t.test('position 0 and frequency 0 give exactly (1, 0, 0, 0)', async (t) => {
  for (const [frequency, position] of [
    [Real.one, 0],
    [Real.one, -0],
    [Real.from(1e-300), 0],
    [Real.zero, 12345],
    [Real.zero, 0.5],
    [Real.zero, 2 ** 60],
  ] as const) {
    out.fill(7);
    new Angle(frequency).sincos(position, out, 4);
    t.strictSame([...out.subarray(3, 9)], [7, 1, 0, 0, 0, 7]);
    t.equal(new Angle(frequency).cosReal(position).compare(1), 0);
    t.ok(new Angle(frequency).sinReal(position).isZero());
  }
});

t.test('a result does not depend on the positions asked for before', async (t) => {
  const used = new Angle(Real.from(0.37));
  for (const position of [1e300, 1, 0.3, 2 ** 53, 131071, 1e20, -5, 1e-300, 1e300, 1e20]) {
    new Angle(Real.from(0.37)).sincos(position, out, 0);
    used.sincos(position, out, 4);
    t.strictSame([...out.subarray(0, 4)], [...out.subarray(4, 8)], String(position));
  }
});

t.test('a position that is not finite is a RangeError', async (t) => {
  for (const position of [Number.NaN, Number.POSITIVE_INFINITY])
    t.throws(() => new Angle(Real.one).sincos(position, out, 0), RangeError);
});

t.test('rotate is sincos of the sum within 2^-95', async () => {
  const position = fc.integer({ min: 0, max: 2 ** 52 });
  const frequency = fc.double({ min: 1e-9, max: 4, noNaN: true });
  fc.assert(
    fc.property(frequency, position, position, (w, p, q) => {
      const angle = new Angle(Real.from(w));
      angle.sincos(p, out, 0);
      angle.sincos(q, out, 4);
      rotate(out, 0, out, 4, out, 0);
      angle.sincos(p + q, out, 8);
      return distance(0, 8) < 1;
    }),
    { numRuns: 3000 },
  );
});

t.test('rotate may overwrite either argument', async (t) => {
  const angle = new Angle(Real.from(0.1));
  const expected = new Float64Array(4);
  angle.sincos(11, out, 0);
  angle.sincos(5, out, 4);
  rotate(out, 0, out, 4, expected, 0);
  out.copyWithin(8, 4, 8);
  rotate(out, 0, out, 8, out, 8);
  t.strictSame([...out.subarray(8, 12)], [...expected]);
  rotate(out, 0, out, 4, out, 0);
  t.strictSame([...out.subarray(0, 4)], [...expected]);
});

t.test('a direct cosine or sine is the nearest float64 as often as its bound says', async (t) => {
  const angle = new Angle(Real.from(10000).pow(Real.ratio(-6, 128)));
  let differing = 0;
  for (let i = 0; i < 2000; i++) {
    const position = i * 4503599627371;
    angle.sincos(position, out, 0);
    if (out[0] !== angle.cosReal(position).toNumber()) differing++;
    if (out[2] !== angle.sinReal(position).toNumber()) differing++;
  }
  t.equal(differing, 0);
});
