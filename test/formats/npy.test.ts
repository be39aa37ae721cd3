import t from 'tap';
import { npy, npyHeader } from '../../src/formats/npy.js';
import type { DType } from '../../src/tensor/dtype.js';
import { describe, golden, render } from './virtual.js';

const shapes: Readonly<Record<string, readonly number[]>> = {
  scalar: [],
  one: [5],
  two: [3, 4],
  three: [2, 3, 4],
  empty: [0, 3],
};
const dtypesOfNumpy: readonly DType[] = ['f64', 'f32', 'f16', 'c64', 'i64', 'i32', 'bool'];

t.test('a file has the bytes that numpy.save writes', async (t) => {
  for (const dtype of dtypesOfNumpy)
    for (const [label, shape] of Object.entries(shapes)) {
      if (dtype !== 'f32' && label !== 'two' && label !== 'scalar') continue;
      const bytes = render(npy, describe([{ name: 'x', shape, dtype }]));
      t.ok(bytes.equals(golden(`${dtype}-${label}.npy`)), `${dtype} ${label}`);
    }
});

t.test('headers of 32 ranks are padded as numpy pads them', async (t) => {
  const { headers }: { headers: Record<string, string> } = JSON.parse(golden('npy-headers.json').toString());
  t.equal(Object.keys(headers).length, 32);
  for (const [rank, hex] of Object.entries(headers)) {
    const shape = [...Array<number>(Number(rank) - 1).fill(1), 0];
    t.equal(Buffer.from(npyHeader({ name: 'x', shape, dtype: 'f32' })).toString('hex'), hex, `rank ${rank}`);
  }
});

t.test('a header longer than 65,535 bytes takes version 2.0 and stays aligned', async (t) => {
  const long = Buffer.from(npyHeader({ name: 'x', shape: Array(30_000).fill(1), dtype: 'f32' }));
  t.equal(long.subarray(0, 8).toString('hex'), '934e554d50590200');
  t.equal(long.readUInt32LE(8), long.length - 12);
  t.equal(long.length % 64, 0);
  t.equal(long.at(-1), 0x0a);
  const short = Buffer.from(npyHeader({ name: 'x', shape: Array(20_000).fill(1), dtype: 'f32' }));
  t.equal(short[6], 1);
  t.equal(short.readUInt16LE(8), short.length - 10);
});

t.test('bfloat16 is refused with the formats that hold it', async (t) => {
  const spec = { name: 'cos', shape: [2], dtype: 'bf16' } as const;
  t.match(npy.refuses(spec), /safetensors or bin/);
  t.equal(npy.refuses({ ...spec, dtype: 'f16' }), null);
  t.throws(() => npyHeader(spec), RangeError);
});

t.test('the layout takes exactly one tensor', async (t) => {
  const spec = { name: 'cos', shape: [2], dtype: 'f32' } as const;
  t.throws(() => npy.layout(describe([spec, spec])), RangeError);
  t.throws(() => npy.layout(describe([])), RangeError);
});
