import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import {
  bfloat16FromFloat32,
  bfloat16FromFloat64,
  bfloat16ToNumber,
  writeBfloat16,
} from '../../src/tensor/bfloat16.js';
import { type HalfType, hexWords, interestingFloat64, roundsExactly } from './half.js';

const vectors: Record<string, string> = JSON.parse(
  readFileSync(new URL('../../../test/golden/formats/float-rounding.json', import.meta.url), 'utf8'),
);
const type: HalfType = {
  fromFloat64: bfloat16FromFloat64,
  toNumber: bfloat16ToNumber,
  infinity: 0x7f80,
  limit: 2 ** 128,
  nan: 0x7fc0,
};

t.test('all 65,536 bit patterns come back, every NaN as one', async (t) => {
  const values = new Float32Array(65_536);
  for (let bits = 0; bits < 65_536; bits++) values[bits] = bfloat16ToNumber(bits);
  const written = new Uint16Array(65_537);
  writeBfloat16(values, 65_536, written, 1);
  let wrong = 0;
  for (let bits = 0; bits < 65_536; bits++) {
    const value = values[bits]!;
    const expected = (bits & 0x7fff) > 0x7f80 ? 0x7fc0 : bits;
    if (!Object.is(value, bfloat16ToNumber(bits))) wrong++;
    if (bfloat16FromFloat64(value) !== expected) wrong++;
    if (bfloat16FromFloat32(value) !== expected) wrong++;
    if (written[bits + 1] !== expected) wrong++;
  }
  t.equal(wrong, 0);
  t.equal(written[0], 0, 'writing begins at the offset');
});

t.test('known values have their known bits', async (t) => {
  const known: readonly (readonly [number, number])[] = [
    [0, 0],
    [-0, 0x8000],
    [1, 0x3f80],
    [-2, 0xc000],
    [2 ** 128 - 2 ** 120, 0x7f7f],
    [2 ** 128 - 2 ** 119 - 2 ** 80, 0x7f7f],
    [2 ** 128 - 2 ** 119, 0x7f80],
    [Number.NEGATIVE_INFINITY, 0xff80],
    [2 ** -133, 1],
    [2 ** -134, 0],
    [2 ** -134 * 1.0000001, 1],
    [2 ** -126, 0x0080],
    [2 ** -126 - 2 ** -134, 0x0080],
    [1 + 2 ** -8, 0x3f80],
    [1 + 3 * 2 ** -8, 0x3f82],
    [Number.NaN, 0x7fc0],
  ];
  for (const [value, bits] of known) t.equal(bfloat16FromFloat64(value), bits, `${value}`);
});

t.test('a float64 is rounded once: what lies just past a tie does not fall back to it', async (t) => {
  const justAbove = 1 + 2 ** -8 + 2 ** -40;
  t.equal(bfloat16FromFloat64(justAbove), 0x3f81);
  t.equal(bfloat16FromFloat32(justAbove), 0x3f80, 'by way of float32 it is a tie');
});

t.test('torch rounds the same way', async (t) => {
  const source = new Float32Array(new Uint32Array(hexWords(vectors.f32!).map(Number)).buffer);
  const expected = hexWords(vectors.f32_to_bf16!).map(Number);
  const written = new Uint16Array(source.length);
  writeBfloat16(source, source.length, written, 0);
  t.ok(source.length > 1400, `${source.length} float32 values`);
  t.same([...written], expected);
  t.same([...source].map(bfloat16FromFloat32), expected);
  t.same([...source].map(bfloat16FromFloat64), expected);
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
        writeBfloat16(source, list.length, target, 0);
        return target.every((bits, i) => bits === bfloat16FromFloat64(source[i]!));
      }),
      { numRuns: 500 },
    );
  },
);
