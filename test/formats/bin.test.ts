import t from 'tap';
import { bin } from '../../src/formats/bin.js';
import { allDTypes } from '../../src/formats/define.js';
import { byteLength } from '../../src/tensor/spec.js';
import { describe, golden, render } from './virtual.js';

t.test('a file is the data of its one tensor and nothing else', async (t) => {
  for (const dtype of allDTypes) {
    const spec = { name: 'x', shape: [3, 4], dtype };
    t.equal(bin.refuses(spec), null);
    const bytes = render(bin, describe([spec]));
    t.equal(bytes.length, byteLength(spec), dtype);
    if (dtype !== 'bf16') t.ok(bytes.equals(golden(`${dtype}-two.npy`).subarray(-bytes.length)), dtype);
  }
});

t.test('the layout takes exactly one tensor', async (t) => {
  t.throws(() => bin.layout(describe([])), RangeError);
});
