import fc from 'fast-check';
import t from 'tap';
import { bin } from '../../src/formats/bin.js';
import { chunks } from '../../src/formats/chunks.js';
import { npz } from '../../src/formats/npz.js';
import { safetensors } from '../../src/formats/safetensors.js';
import { dtypes } from '../../src/tensor/dtype.js';
import type { TensorSpec } from '../../src/tensor/spec.js';
import { describe, patternReader, slice } from './virtual.js';

const specs: TensorSpec[] = [
  { name: 'cos', shape: [37, 6], dtype: 'f32' },
  { name: 'freqs', shape: [5, 3], dtype: 'c64' },
  { name: 'none', shape: [0, 3], dtype: 'f32' },
  { name: 'mask', shape: [7, 11], dtype: 'bool' },
  { name: 'scale', shape: [], dtype: 'f64' },
  { name: 'half', shape: [129], dtype: 'f16' },
];

for (const format of [npz, safetensors]) {
  t.test(`any range of a ${format.name} file has the bytes of the whole`, async (t) => {
    const layout = format.layout(describe(specs));
    const read = patternReader(specs);
    const whole = slice(layout, specs, read, 0, layout.byteLength, 1 << 20);
    t.equal(whole.length, layout.byteLength);
    const place = fc.nat({ max: layout.byteLength });
    fc.assert(
      fc.property(place, place, fc.integer({ min: 8, max: 600 }), (a, b, maxBytes) => {
        const [start, end] = a < b ? [a, b] : [b, a];
        for (const chunk of chunks(layout, specs, start, end, maxBytes)) {
          if (chunk.kind !== 'elements') continue;
          const { bytes } = dtypes[specs[chunk.tensor]!.dtype];
          if (chunk.count * bytes > maxBytes || chunk.byteLength < 1 || chunk.skip >= bytes) return false;
        }
        return slice(layout, specs, read, start, end, maxBytes).equals(whole.subarray(start, end));
      }),
      { numRuns: 400 },
    );
  });
}

t.test(
  'every reader cuts a table at the same places: steps of 256 rows, powers of two of rows, of elements',
  async (t) => {
    const cuts = (shape: number[], start: number, maxBytes: number) => {
      const table: TensorSpec[] = [{ name: 'x', shape, dtype: 'f32' }];
      const layout = bin.layout(describe(table));
      const found = [];
      for (const chunk of chunks(layout, table, start, layout.byteLength, maxBytes))
        if (chunk.kind === 'elements') found.push(chunk.first, chunk.count);
      return found;
    };
    t.same(cuts([1000, 10], 0, 30_000), [0, 5120, 5120, 4880], '512 of the 750 rows that fit');
    t.same(cuts([1000, 10], 4 * 100 + 1, 30_000), [100, 5020, 5120, 4880]);
    t.same(cuts([5, 100], 0, 1500), [0, 200, 200, 200, 400, 100], '2 of the 3 rows that fit');
    t.same(cuts([2, 100], 4 * 150, 300), [150, 42, 192, 8], '64 of the 75 elements that fit');
  },
);

t.test('a range of a file of 2^50 bytes costs what it holds, wherever it starts', async (t) => {
  const table: TensorSpec[] = [{ name: 'x', shape: [2 ** 41, 64], dtype: 'f64' }];
  const layout = bin.layout(describe(table));
  t.equal(layout.byteLength, 2 ** 50);
  const start = 2 ** 50 - 2 ** 20 - 3;
  const found = [...chunks(layout, table, start, start + 20, 4096)];
  t.same(found, [
    { kind: 'elements', tensor: 0, first: 2 ** 47 - 2 ** 17 - 1, count: 1, skip: 5, byteLength: 3 },
    { kind: 'elements', tensor: 0, first: 2 ** 47 - 2 ** 17, count: 3, skip: 0, byteLength: 17 },
  ]);
});

t.test('an empty range has no pieces, a range outside the file is an error', async (t) => {
  const layout = bin.layout(describe([specs[0]!]));
  t.same([...chunks(layout, specs, 9, 9, 64)], []);
  t.throws(() => [...chunks(layout, specs, -1, 9, 64)], RangeError);
  t.throws(() => [...chunks(layout, specs, 9, 8, 64)], RangeError);
  t.throws(() => [...chunks(layout, specs, 0, layout.byteLength + 1, 64)], RangeError);
  t.throws(() => [...chunks(layout, specs, Number.NaN, 1, 64)], RangeError);
  t.throws(() => [...chunks(layout, specs, 0, 1, 7)], RangeError);
});
