import fc from 'fast-check';
import t from 'tap';
import { fmaFloat32, fmaFloat64 } from '../../src/numerics/fma.js';

const word = new DataView(new ArrayBuffer(8));

/** A finite float64 as an integer times 2^exponent, from its bits. */
function rational(x: number): { m: bigint; e: number } {
  word.setFloat64(0, x);
  const bits = word.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const m = biased === 0 ? fraction : fraction | (1n << 52n);
  return { m: bits >> 63n === 1n ? -m : m, e: (biased === 0 ? 1 : biased) - 1075 };
}

/** Exact a·b + c, rounded once to `precision` bits with exponents from `lowest`, half to even. */
function exactFma(a: number, b: number, c: number, precision: number, lowest: number): number {
  const x = rational(a);
  const y = rational(b);
  const z = rational(c);
  const e = Math.min(x.e + y.e, z.e);
  const sum = ((x.m * y.m) << BigInt(x.e + y.e - e)) + (z.m << BigInt(z.e - e));
  // The sign of an exact zero is that of the unfused sum, in which nothing was rounded either.
  if (sum === 0n) return a * b + c;
  const magnitude = sum < 0n ? -sum : sum;
  const cut = Math.max(magnitude.toString(2).length - precision, lowest - e, 0);
  const unit = 1n << BigInt(cut);
  const rest = 2n * (magnitude % unit);
  let q = magnitude / unit;
  if (rest > unit || (rest === unit && (q & 1n) === 1n)) q += 1n;
  return (sum < 0n ? -1 : 1) * scaled(Number(q), e + cut);
}

/** x · 2^n in steps that stay exact. */
function scaled(x: number, n: number): number {
  let result = x;
  for (let i = 0; i < Math.abs(n); i++) result *= n < 0 ? 0.5 : 2;
  return result;
}

const exact32 = (a: number, b: number, c: number) => Math.fround(exactFma(a, b, c, 24, -149));
const exact64 = (a: number, b: number, c: number) => exactFma(a, b, c, 53, -1074);

const float32 = fc.float({ noNaN: true, noDefaultInfinity: true });
const exponent = fc.integer({ min: -60, max: 60 });
const runs = { numRuns: 3000, seed: 1 };

t.test('float32 a·b + c is the exact value rounded once, for any finite float32', async (t) => {
  fc.assert(
    fc.property(float32, float32, float32, (a, b, c) => Object.is(fmaFloat32(a, b, c), exact32(a, b, c))),
    runs,
  );
  t.pass();
});

t.test('float32 a·b + c is rounded once where c nearly cancels the product', async (t) => {
  fc.assert(
    fc.property(float32, float32, fc.integer({ min: -3, max: 3 }), (a, b, ulps) => {
      const c = -Math.fround(a * b) * (1 + scaled(ulps, -23));
      fc.pre(Math.abs(c) < 3e38);
      return Object.is(fmaFloat32(a, b, Math.fround(c)), exact32(a, b, Math.fround(c)));
    }),
    runs,
  );
  t.pass();
});

t.test('float32 a·b + c is rounded once a hair beside a tie, where two roundings go wrong', async (t) => {
  let doubleRoundings = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0x7fffff }),
      fc.integer({ min: 1, max: 63 }),
      exponent,
      fc.constantFrom(1, -1),
      fc.constantFrom(1, -1),
      (mantissa, j, e, sign, side) => {
        const c = scaled(sign * (0x800000 + mantissa), e);
        // (1 + j·2^−23)(1 − j·2^−23) = 1 − j²·2^−46: half an ulp of c, short by a little.
        const a = side * (1 + scaled(j, -23));
        const b = scaled(1 - scaled(j, -23), e - 1);
        if (Math.fround(a * b + c) !== exact32(a, b, c)) doubleRoundings++;
        return Object.is(fmaFloat32(a, b, c), exact32(a, b, c));
      },
    ),
    runs,
  );
  t.ok(doubleRoundings > 500, `rounding twice is wrong in ${doubleRoundings} of 3000`);
});

t.test('float32 a·b + c is rounded once among subnormals', async (t) => {
  const tiny = fc.integer({ min: -0x1000000, max: 0x1000000 });
  fc.assert(
    fc.property(tiny, tiny, tiny, fc.integer({ min: -40, max: 0 }), (m, n, k, e) => {
      const a = scaled(m, -100);
      const b = scaled(n, -50 + e);
      const c = scaled(k, -149);
      return Object.is(fmaFloat32(a, b, c), exact32(a, b, c));
    }),
    runs,
  );
  t.pass();
});

t.test('float32 a·b + c passes infinities and NaN through', async (t) => {
  t.equal(fmaFloat32(Infinity, 2, 1), Infinity);
  t.equal(fmaFloat32(3e38, 3e38, 0), Infinity);
  t.equal(fmaFloat32(2, 3, -Infinity), -Infinity);
  t.same(fmaFloat32(Infinity, 1, -Infinity), NaN);
  t.same(fmaFloat32(Infinity, 0, 1), NaN);
  t.same(fmaFloat32(1, 1, NaN), NaN);
});

const float64 = fc
  .tuple(fc.double({ min: 1, max: 2, maxExcluded: true, noNaN: true }), exponent, fc.constantFrom(1, -1))
  .map(([x, e, sign]) => sign * scaled(x, e));

t.test('float64 a·b + c is the exact value rounded once', async (t) => {
  fc.assert(
    fc.property(float64, float64, fc.oneof(float64, fc.constantFrom(0, -0, 1, -1)), (a, b, c) =>
      Object.is(fmaFloat64(a, b, c), exact64(a, b, c)),
    ),
    runs,
  );
  t.pass();
});

t.test('float64 a·b + c is rounded once where c nearly cancels the product or makes a tie', async (t) => {
  let unfused = 0;
  fc.assert(
    fc.property(float64, float64, fc.integer({ min: -4, max: 4 }), (a, b, ulps) => {
      const c = -a * b * (1 + scaled(ulps, -52));
      if (a * b + c !== exact64(a, b, c)) unfused++;
      return Object.is(fmaFloat64(a, b, c), exact64(a, b, c));
    }),
    runs,
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 0xffffff }),
      fc.integer({ min: 1, max: 255 }),
      exponent,
      (m, j, e) => {
        const c = scaled(1 + scaled(m, -52), e);
        const a = 1 + scaled(j, -52);
        const b = scaled(1 - scaled(j, -52), e - 53);
        return (
          Object.is(fmaFloat64(a, b, c), exact64(a, b, c)) &&
          Object.is(fmaFloat64(-a, b, c), exact64(-a, b, c))
        );
      },
    ),
    runs,
  );
  t.ok(unfused > 1000, `the unfused result is wrong in ${unfused} of 3000`);
});
