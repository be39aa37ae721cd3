import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import {
  float16FromFloat32,
  float16FromFloat64,
  float16ToNumber,
  writeFloat16,
} from '../../src/tensor/float16.js';
import { float64FromBits, type HalfType, hexWords, interestingFloat64, roundsExactly } from './half.js';

const vectors: Record<string, string> = JSON.parse(
  readFileSync(new URL('../../../test/golden/formats/float-rounding.json', import.meta.url), 'utf8'),
);
const type: HalfType = {
  fromFloat64: float16FromFloat64,
  toNumber: float16ToNumber,
  infinity: 0x7c00,
  limit: 65536,
  nan: 0x7e00,
};

t.test('all 65,536 bit patterns come back, every NaN as one', async (t) => {
  const values = new Float32Array(65_536);
  for (let bits = 0; bits < 65_536; bits++) values[bits] = float16ToNumber(bits);
  const written = new Uint16Array(65_537);
  writeFloat16(values, 65_536, written, 1);
  let wrong = 0;
  for (let bits = 0; bits < 65_536; bits++) {
    const value = values[bits]!;
    const expected = (bits & 0x7fff) > 0x7c00 ? 0x7e00 : bits;
    if (!Object.is(value, float16ToNumber(bits))) wrong++;
    if (float16FromFloat64(value) !== expected) wrong++;
    if (float16FromFloat32(value) !== expected) wrong++;
    if (written[bits + 1] !== expected) wrong++;
  }
  t.equal(wrong, 0);
  t.equal(written[0], 0, 'writing begins at the offset');
});

t.test('known values have their known bits', async (t) => {
  const known: readonly (readonly [number, number])[] = [
    [0, 0],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65519.999, 0x7bff],
    [65520, 0x7c00],
    [1e300, 0x7c00],
    [Number.NEGATIVE_INFINITY, 0xfc00],
    [2 ** -24, 1],
    [2 ** -25, 0],
    [2 ** -25 * 1.0000001, 1],
    [2 ** -14, 0x0400],
    [2 ** -14 - 2 ** -25, 0x0400],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [Number.NaN, 0x7e00],
  ];
  for (const [value, bits] of known) t.equal(float16FromFloat64(value), bits, `${value}`);
  t.equal(float16ToNumber(0x3555), 0.333251953125);
});

t.test('a float64 is rounded once: what lies just past a tie does not fall back to it', async (t) => {
  const justAbove = 1 + 2 ** -11 + 2 ** -40;
  t.equal(float16FromFloat64(justAbove), 0x3c01);
  t.equal(float16FromFloat32(justAbove), 0x3c00, 'by way of float32 it is a tie');
});

t.test('numpy rounds the same way', async (t) => {
  const f32Bits = hexWords(vectors.f32!);
  const source = new Float32Array(new Uint32Array(f32Bits.map(Number)).buffer);
  const fromFloat32 = hexWords(vectors.f32_to_f16!).map(Number);
  const written = new Uint16Array(source.length);
  writeFloat16(source, source.length, written, 0);
  t.ok(source.length > 1400, `${source.length} float32 values`);
  t.same([...written], fromFloat32);
  t.same([...source].map(float16FromFloat32), fromFloat32);
  const f64 = hexWords(vectors.f64!).map(float64FromBits);
  t.equal(f64.length, 900, '900 float64 values');
  t.same(f64.map(float16FromFloat64), hexWords(vectors.f64_to_f16!).map(Number));
});

t.test('every float64 goes to the nearest value, ties to even, as exact integers decide', async () => {
  fc.assert(
    fc.property(interestingFloat64(type), (x) => roundsExactly(type, x)),
    { numRuns: 10_000 },
  );
});

t.test(
  'float32 arrays are written as single values are rounded, from any place in their buffer',
  async () => {
    fc.assert(
      fc.property(fc.array(interestingFloat64(type), { minLength: 1, maxLength: 50 }), (list) => {
        const source = Float32Array.from([0, ...list]).subarray(1);
        const target = new Uint16Array(list.length);
        writeFloat16(source, list.length, target, 0);
        return target.every((bits, i) => bits === float16FromFloat64(source[i]!));
      }),
      { numRuns: 500 },
    );
  },
);
