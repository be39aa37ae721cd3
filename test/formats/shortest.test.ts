import fc from 'fast-check';
import t from 'tap';
import {
  maxNumberBytes,
  printBfloat16,
  printFloat16,
  printFloat32,
  printFloat64,
  writeFloat32,
} from '../../src/formats/shortest.js';
import { bfloat16FromFloat64, bfloat16ToNumber } from '../../src/tensor/bfloat16.js';
import { float16FromFloat64, float16ToNumber } from '../../src/tensor/float16.js';

const word = new DataView(new ArrayBuffer(4));
function float32FromBits(bits: number): number {
  word.setUint32(0, bits);
  return word.getFloat32(0);
}

/** Digits of a decimal without sign, point, exponent and the zeros around them. */
function digitsOf(text: string): number {
  return text
    .replace(/e.*$/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+|0+$/g, '').length;
}

/** The obvious way: the fewest digits of toPrecision that come back. */
function byToPrecision(value: number, round: (x: number) => number): string {
  for (let digits = 1; digits < 18; digits++) {
    const text = value.toPrecision(digits);
    if (round(Number(text)) === value) return String(Number(text));
  }
  throw new Error(`${value} does not come back`);
}

const jsonNumber = /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]\d+)?$/;

/** What is wrong with the text of a finite value, or null. */
function fault(text: string, value: number, round: (x: number) => number): string | null {
  if (!jsonNumber.test(text)) return `${text} is not a JSON number`;
  if (!Object.is(round(Number(text)), value)) return `${text} does not read back to ${value}`;
  if (value === 0) return text === (Object.is(value, -0) ? '-0.0' : '0') ? null : text;
  if (text !== String(Number(text))) return `${text} is not in the notation of Number::toString`;
  const simple = byToPrecision(value, round);
  // At a power of two the nearest decimal may miss the narrow side where another fits the wide one.
  const ours = digitsOf(text);
  const theirs = digitsOf(simple);
  if (ours > theirs) return `${text} is longer than ${simple}`;
  if (ours === theirs && text !== simple) return `${text} is not as near to ${value} as ${simple}`;
  return null;
}

function faultsOf(values: Iterable<number>, print: (value: number) => string, round: (x: number) => number) {
  const faults: string[] = [];
  let count = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    count++;
    const found = fault(print(value), value, round);
    if (found !== null) faults.push(found);
  }
  return { count, faults };
}

t.test('200,000 random float32 are printed shortest, nearest, and read back', async (t) => {
  // A fixed generator (Numerical Recipes' LCG), so that a failure comes back too.
  let state = 12345;
  const bits = Array.from({ length: 200_000 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  });
  const { count, faults } = faultsOf(bits.map(float32FromBits), printFloat32, Math.fround);
  t.same(faults, []);
  t.ok(count > 198_000, `${count} finite`);
});

t.test('float32 of the sizes that tables have are printed shortest', async (t) => {
  const values: number[] = [];
  for (let i = 0; i < 20_000; i++) {
    values.push(Math.fround(i / 20_000), Math.fround(1 / (1 + i)), i / 32, i * 1024 + 1 / 64);
  }
  const { count, faults } = faultsOf(values.map(Math.fround), printFloat32, Math.fround);
  t.same(faults, []);
  t.equal(count, 80_000);
});

t.test(
  'float32 at every edge: subnormals, powers of two and of ten and their neighbours, the largest',
  async (t) => {
    const edges = new Set<number>();
    for (let i = 0; i < 3000; i++) edges.add(1 + i);
    for (let exponent = 0; exponent < 255; exponent++)
      for (let step = -4; step <= 4; step++) edges.add(Math.max(0, exponent * 0x800000 + step));
    for (let exponent = 0; exponent < 23; exponent++) edges.add(1 << exponent);
    for (let power = -45; power <= 38; power++) {
      word.setFloat32(0, Number(`1e${power}`));
      const near = word.getUint32(0);
      for (let step = -4; step <= 4; step++) edges.add(Math.max(0, near + step));
    }
    for (let step = 0; step < 100; step++) edges.add(0x7f7fffff - step);
    for (const integer of [2 ** 24, 2 ** 25, 2 ** 30, 1e9, 4294967040]) {
      word.setFloat32(0, integer);
      for (let step = -50; step <= 50; step++) edges.add(word.getUint32(0) + step);
    }
    const values = [...edges].map(float32FromBits);
    const both = [...values, ...values.map((x) => -x)];
    const { count, faults } = faultsOf(both, printFloat32, Math.fround);
    t.same(faults, []);
    t.ok(count > 10_000, `${count} values`);
  },
);

t.test('all float16 and bfloat16 are printed shortest, nearest, and read back', async (t) => {
  const all = Array.from({ length: 65_536 }, (_, bits) => bits);
  const half = faultsOf(
    all.map(float16ToNumber),
    (value) => printFloat16(float16FromFloat64(value)),
    (x) => float16ToNumber(float16FromFloat64(x)),
  );
  t.same(half.faults, []);
  t.equal(half.count, 63_488);
  const brain = faultsOf(
    all.map(bfloat16ToNumber),
    (value) => printBfloat16(bfloat16FromFloat64(value)),
    (x) => bfloat16ToNumber(bfloat16FromFloat64(x)),
  );
  t.same(brain.faults, []);
  t.equal(brain.count, 65_280);
});

t.test('at powers of two, whose gaps differ, no shorter decimal on either side comes back', async (t) => {
  let shorterThanNearest = 0;
  for (let exponent = 1; exponent < 255; exponent++) {
    const value = float32FromBits(exponent * 0x800000);
    const text = printFloat32(value);
    const digits = digitsOf(text);
    if (digits < digitsOf(byToPrecision(value, Math.fround))) shorterThanNearest++;
    if (digits === 1) continue;
    const [mantissa = '', power = ''] = value.toExponential(digits - 2).split('e');
    const integer = Number(mantissa.replace('.', ''));
    for (const near of [integer - 1, integer, integer + 1]) {
      const candidate = Number(`${near}e${Number(power) - (digits - 2)}`);
      t.not(Math.fround(candidate), value, `${candidate} for ${text}`);
    }
  }
  t.comment(`${shorterThanNearest} powers of two have a shorter decimal than the nearest ones`);
});

t.test('known values have their known text', async (t) => {
  const known: readonly (readonly [number, string])[] = [
    [0, '0'],
    [-0, '-0.0'],
    [0.1, '0.1'],
    [1 / 3, '0.33333334'],
    [-1234.03125, '-1234.0313'],
    [16777216, '16777216'],
    [1e-7, '1e-7'],
    [1e-6, '0.000001'],
    [1.5e-7, '1.5e-7'],
    [1e20, '100000000000000000000'],
    [1e21, '1e+21'],
    [2 ** -149, '1e-45'],
    [3.4028234663852886e38, '3.4028235e+38'],
    // The nearest decimal of seven digits, 5.684342e-14, lies on the wide side of 2^−44 = 5.68434188…e-14.
    [2 ** -44, '5.684342e-14'],
  ];
  for (const [value, text] of known) {
    t.equal(printFloat32(Math.fround(value)), text);
  }
  t.equal(printFloat16(0x0001), '6e-8');
  t.equal(printFloat16(0x7bff), '65500');
  t.equal(printFloat16(0x8000), '-0.0');
  t.equal(printBfloat16(0x3f8e), '1.11');
  t.equal(printFloat64(-0), '-0.0');
  t.equal(printFloat64(0.1), '0.1');
});

t.test('numbers stand where they are asked to, within their bound', async () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), fc.nat({ max: 20 }), (value, at) => {
      const bytes = Buffer.alloc(64, '#');
      const end = writeFloat32(value, bytes, at);
      const text = bytes.toString('latin1', at, end);
      return (
        end - at <= maxNumberBytes &&
        text === printFloat32(value) &&
        bytes.subarray(0, at).every((byte) => byte === 0x23) &&
        bytes.subarray(end).every((byte) => byte === 0x23)
      );
    }),
    { numRuns: 2000 },
  );
});
