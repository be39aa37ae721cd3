import t from 'tap';
import { csv } from '../../src/formats/csv.js';
import type { DType } from '../../src/tensor/dtype.js';
import { describe, patternReader, print, reader } from './virtual.js';

function text(dtype: DType, shape: readonly number[], values: readonly number[]): string {
  const specs = [{ name: 'x', shape, dtype }];
  return print(
    csv,
    describe(specs),
    reader(specs, (_, i) => values[i]!),
  );
}

t.test('a table is a line a row, a list a line a number, a scalar one line, each ended by LF', async (t) => {
  t.equal(text('f32', [2, 3], [1, 0.1, -2, 3, 1e-7, 5]), '1,0.1,-2\n3,1e-7,5\n');
  t.equal(text('f32', [3, 1], [1, 2, 3]), '1\n2\n3\n');
  t.equal(text('f32', [1, 3], [1, 2, 3]), '1,2,3\n');
  t.equal(text('i64', [3], [1, 2, 3]), '1\n2\n3\n');
  t.equal(text('f64', [], [0.5]), '0.5\n');
  t.equal(text('f64', [0], []), '');
  t.equal(text('f64', [0, 3], []), '');
  t.equal(text('f64', [2, 0], []), '\n\n');
});

t.test('masks are 0 and 1, specials stand without quotes, a negative zero is -0.0', async (t) => {
  t.equal(text('bool', [2, 2], [1, 0, 0, 1]), '1,0\n0,1\n');
  for (const dtype of ['f64', 'f32', 'f16', 'bf16'] as const)
    t.equal(
      text(dtype, [5], [Infinity, -Infinity, NaN, -0, 0]),
      'Infinity\n-Infinity\nNaN\n-0.0\n0\n',
      dtype,
    );
});

t.test('three axes and complex numbers are refused with a sentence that names another format', async (t) => {
  t.match(csv.refuses({ name: 'bias', shape: [1, 2, 3], dtype: 'f32' }), /'bias' has 3; use json/);
  t.match(csv.refuses({ name: 'freqs_cis', shape: [2], dtype: 'c64' }), /'freqs_cis' is c64; use json/);
  t.equal(csv.refuses({ name: 'cos', shape: [2, 3], dtype: 'bf16' }), null);
});

t.test('a long table comes in pieces, and reads back', async (t) => {
  const specs = [{ name: 'x', shape: [5000, 13], dtype: 'f32' }] as const;
  const pieces = [...csv.print(describe(specs), patternReader(specs))];
  t.ok(pieces.length > 3);
  const lines = pieces.join('').split('\n');
  t.equal(lines.pop(), '');
  t.equal(lines.length, 5000);
  const wrong = lines
    .flatMap((line) => line.split(',').map(Number))
    .filter((value, i) => value !== ((i % 7) - 3) / 4).length;
  t.equal(wrong, 0);
  t.ok(lines.every((line) => line.split(',').length === 13));
});

t.test('exactly one tensor is printed', async (t) => {
  t.throws(() => print(csv, describe([])), RangeError);
});
