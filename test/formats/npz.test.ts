import { crc32 } from 'node:zlib';
import t from 'tap';
import { chunks } from '../../src/formats/chunks.js';
import { npy, npyHeader } from '../../src/formats/npy.js';
import { npz } from '../../src/formats/npz.js';
import type { TensorSpec } from '../../src/tensor/spec.js';
import { describe, patternReader, render } from './virtual.js';
import { readZip } from './zip-reader.js';

t.test(
  'an archive holds for each tensor the npy file of that tensor, with its CRC in both places',
  async (t) => {
    const specs: TensorSpec[] = [
      { name: 'sin', shape: [30, 4], dtype: 'f32' },
      { name: 'cos', shape: [30, 4], dtype: 'f64' },
      { name: 'freqs_cis', shape: [3, 2], dtype: 'c64' },
      { name: 'mask', shape: [5, 5], dtype: 'bool' },
      { name: 'delta', shape: [], dtype: 'i64' },
      { name: 'none', shape: [0, 2], dtype: 'f16' },
    ];
    const bytes = render(npz, describe(specs));
    const entries = readZip((start, end) => bytes.subarray(start, end), bytes.length);
    t.same(
      entries.map(({ name }) => name),
      specs.map(({ name }) => `${name}.npy`),
      'in the order of the specs',
    );
    for (const [i, entry] of entries.entries()) {
      const data = bytes.subarray(entry.dataStart, entry.dataStart + entry.size);
      const read = patternReader(specs);
      const own = render(npy, describe([specs[i]!]), (_, first, count, out) => read(i, first, count, out));
      t.ok(data.equals(own), entry.name);
      t.equal(entry.crc, crc32(own));
      t.same(entry.descriptor, { crc: crc32(own), size: own.length });
      t.same(
        {
          flags: entry.flags,
          method: entry.method,
          time: entry.time,
          date: entry.date,
          version: entry.version,
        },
        { flags: 8, method: 0, time: 0, date: 0x21, version: 20 },
        'stored, CRC after the data, 1980-01-01 00:00:00',
      );
    }
  },
);

t.test('only the CRC fields wait for numbers, four bytes each, and each for one tensor', async (t) => {
  const specs: TensorSpec[] = [
    { name: 'a', shape: [3], dtype: 'f32' },
    { name: 'b', shape: [3], dtype: 'f32' },
  ];
  const { segments } = npz.layout(describe(specs));
  const waiting = segments.filter((segment) => segment.kind === 'checksum');
  t.same(
    waiting.map(({ byteLength, tensors }) => [byteLength, tensors]),
    [
      [4, [0]],
      [4, [1]],
      [4, [0]],
      [4, [1]],
    ],
  );
  t.same(
    segments.map(({ kind }) => kind).join(' '),
    'bytes tensor bytes checksum bytes tensor bytes checksum bytes checksum bytes checksum bytes',
  );
});

t.test('zip64 stands where a size or an offset needs it, and nowhere else', async (t) => {
  const header = npyHeader({ name: 'x', shape: [2 ** 32], dtype: 'bool' }).length;
  const specs: TensorSpec[] = [
    { name: 'below', shape: [2 ** 32 - 2 - header], dtype: 'bool' },
    { name: 'small', shape: [4], dtype: 'f32' },
    { name: 'marker', shape: [2 ** 32 - 1 - header], dtype: 'bool' },
    { name: 'large', shape: [2 ** 40, 2 ** 7], dtype: 'f64' },
    { name: 'last', shape: [2], dtype: 'i32' },
  ];
  const layout = npz.layout(describe(specs));
  const asked: number[] = [];
  // Headers alone are read, so no number is ever computed: the CRC of a tensor's data stands in by its place.
  const read = (start: number, end: number): Buffer => {
    const parts: Uint8Array[] = [];
    for (const chunk of chunks(layout, specs, start, end, 1 << 16)) {
      if (chunk.kind === 'elements') throw new Error('a header is made of numbers');
      if (chunk.kind === 'bytes') parts.push(chunk.bytes);
      else parts.push(chunk.segment.bytes((i) => asked.push(i)).subarray(chunk.from, chunk.to));
    }
    return Buffer.concat(parts);
  };
  const entries = readZip(read, layout.byteLength);
  t.same(
    entries.map(({ name, size, zip64, version }) => [name, size, zip64, version]),
    [
      ['below.npy', 2 ** 32 - 2, false, 20],
      ['small.npy', 128 + 16, false, 45],
      ['marker.npy', 2 ** 32 - 1, true, 45],
      ['large.npy', 2 ** 50 + 128, true, 45],
      ['last.npy', 128 + 8, false, 45],
    ],
  );
  t.equal(asked.length, 10, 'two CRC fields an entry');
});

t.test('more entries than 65,534 are counted in the zip64 end record', async (t) => {
  const specs = Array.from(
    { length: 65_536 },
    (_, i): TensorSpec => ({ name: `t${i}`, shape: [], dtype: 'bool' }),
  );
  const layout = npz.layout(describe(specs));
  const last = layout.segments.at(-1);
  t.equal(last?.kind, 'bytes');
  if (last?.kind !== 'bytes') return;
  const end = Buffer.from(last.bytes);
  t.equal(end.readUInt16LE(end.length - 12), 0xffff);
  t.equal(end.readBigUInt64LE(end.length - 22 - 20 - 56 + 32), 65_536n);
});

t.test('a name beyond ASCII is marked as UTF-8', async (t) => {
  const bytes = render(npz, describe([{ name: 'θ', shape: [2], dtype: 'f32' }]));
  const [entry] = readZip((start, end) => bytes.subarray(start, end), bytes.length);
  t.equal(entry?.name, 'θ.npy');
  t.equal(entry?.flags, 0x0808);
});

t.test('bfloat16 is refused with the formats that hold it', async (t) => {
  t.match(npz.refuses({ name: 'cos', shape: [2], dtype: 'bf16' }), /safetensors or bin/);
  t.equal(npz.refuses({ name: 'cos', shape: [2], dtype: 'f32' }), null);
});
