import t from 'tap';
import type { FileDescription } from '../../src/formats/define.js';
import { json } from '../../src/formats/json.js';
import { jsonText } from '../../src/formats/json-text.js';
import { maxNumberBytes } from '../../src/formats/shortest.js';
import type { DType } from '../../src/tensor/dtype.js';
import type { TensorSpec } from '../../src/tensor/spec.js';
import { describe, patternReader, print, reader } from './virtual.js';

/** Text of `data` of one tensor with the given numbers. */
function dataText(dtype: DType, shape: readonly number[], values: readonly number[]): string {
  const specs = [{ name: 'x', shape, dtype }];
  const text = print(
    json,
    describe(specs),
    reader(specs, (_, i) => values[i]!),
  );
  return text.slice(text.indexOf('"data":') + 7, text.indexOf('}},"meta"'));
}

t.test('the body says how the table was made, then each tensor as nested arrays, then meta', async (t) => {
  const specs: TensorSpec[] = [
    { name: 'cos', shape: [2, 3], dtype: 'f32' },
    { name: 'delta', shape: [], dtype: 'i64' },
  ];
  const file: FileDescription = {
    specs,
    identity: 'not in the body',
    encoding: 'rope',
    params: { head_dim: 6, rope_theta: 10000, positions: [0, 0.5], layout: 'half' },
    profile: 'transformers',
    revision: '3',
    meta: { guarantee: 'θ ± 1' },
  };
  t.equal(
    print(json, file),
    '{"encoding":"rope","params":{"head_dim":6,"rope_theta":10000,"positions":[0,0.5],"layout":"half"},' +
      '"profile":"transformers","revision":"3","tensors":{' +
      '"cos":{"dtype":"f32","shape":[2,3],"data":[[-0.75,-0.5,-0.25],[0,0.25,0.5]]},' +
      '"delta":{"dtype":"i64","shape":[],"data":-3}},"meta":{"guarantee":"θ ± 1"}}',
  );
});

t.test('a body without tensors, profile, params or meta keeps its members', async (t) => {
  t.equal(
    print(json, describe([])),
    '{"encoding":"e","params":{},"profile":null,"revision":"1","tensors":{},"meta":{}}',
  );
});

t.test('arrays nest as the shape says', async (t) => {
  const count = (n: number) => Array.from({ length: n }, (_, i) => i);
  t.equal(dataText('f32', [], [1.5]), '1.5');
  t.equal(dataText('f32', [1], [1.5]), '[1.5]');
  t.equal(dataText('i32', [3, 1], count(3)), '[[0],[1],[2]]');
  t.equal(dataText('i32', [1, 3], count(3)), '[[0,1,2]]');
  t.equal(dataText('i32', [2, 1, 2], count(4)), '[[[0,1]],[[2,3]]]');
  t.equal(dataText('i32', [2, 2, 1, 2], count(8)), '[[[[0,1]],[[2,3]]],[[[4,5]],[[6,7]]]]');
  t.equal(dataText('i32', [1, 1, 1], count(1)), '[[[0]]]');
  t.equal(dataText('i32', [0], []), '[]');
  t.equal(dataText('i32', [2, 0], []), '[[],[]]');
  t.equal(dataText('i32', [0, 2], []), '[]');
});

t.test('a c64 element is one more axis, [re, im], which the shape leaves out', async (t) => {
  t.equal(dataText('c64', [2, 1], [1, -0, 0.1, 2]), '[[[1,-0.0]],[[0.1,2]]]');
  t.equal(dataText('c64', [], [1, 2]), '[1,2]');
  t.match(print(json, describe([{ name: 'f', shape: [2, 1], dtype: 'c64' }])), '"shape":[2,1]');
});

t.test('numbers are the shortest that read back in their dtype', async (t) => {
  t.equal(dataText('f64', [4], [0.1, 1 / 3, 1e21, 5e-324]), '[0.1,0.3333333333333333,1e+21,5e-324]');
  t.equal(
    dataText('f64', [4], [7, -2147483648, 2147483648, 2 ** 53]),
    '[7,-2147483648,2147483648,9007199254740992]',
  );
  t.equal(dataText('f32', [3], [0.1, 1 / 3, 1e-7]), '[0.1,0.33333334,1e-7]');
  t.equal(dataText('f16', [3], [0.1, 1 / 3, 65504]), '[0.1,0.3333,65500]');
  t.equal(dataText('bf16', [3], [0.1, 1 / 3, 3.39e38]), '[0.1,0.334,3.39e+38]');
});

t.test('infinities and NaN are strings, a negative zero is -0.0, in every float type', async (t) => {
  const values = [Infinity, -Infinity, NaN, -0, 0];
  for (const dtype of ['f64', 'f32', 'f16', 'bf16'] as const)
    t.equal(dataText(dtype, [5], values), '["Infinity","-Infinity","NaN",-0.0,0]', dtype);
});

t.test('integers are exact, beyond 2^53 too, and masks are true and false', async (t) => {
  const big = [
    -(2n ** 63n),
    2n ** 63n - 1n,
    2n ** 53n + 1n,
    -(2n ** 31n),
    2n ** 31n,
    -(2n ** 31n) - 1n,
    -1n,
    0n,
  ];
  const specs: TensorSpec[] = [{ name: 'x', shape: [8], dtype: 'i64' }];
  const text = print(json, describe(specs), (_, _first, _count, out) => {
    new BigInt64Array(out.buffer).set(big);
  });
  t.match(text, `"data":[${big.join(',')}]`);
  t.equal(dataText('i32', [4], [-2147483648, 2147483647, 0, -1]), '[-2147483648,2147483647,0,-1]');
  t.equal(dataText('bool', [2, 2], [1, 0, 0, 1]), '[[true,false],[false,true]]');
});

t.test('a long table comes in pieces of about 64 KiB and reads in blocks of at most that', async (t) => {
  const specs: TensorSpec[] = [
    { name: 'a', shape: [300, 7, 11], dtype: 'f32' },
    { name: 'b', shape: [3000, 4], dtype: 'c64' },
    { name: 'm', shape: [100_001], dtype: 'bool' },
  ];
  const read = patternReader(specs);
  const blocks: number[] = [];
  const pieces = [
    ...json.print(describe(specs), (tensor, first, count, out) => {
      blocks.push(out.byteLength);
      read(tensor, first, count, out);
    }),
  ];
  t.ok(Math.max(...blocks) <= 65_536);
  t.ok(pieces.length > 8);
  for (const piece of pieces.slice(0, -1)) t.ok(piece.length >= 65_536 && piece.length < 66_000);
  const { tensors } = JSON.parse(pieces.join(''));
  for (const [tensor, { name, shape, dtype }] of specs.entries()) {
    const sides: number[] = [];
    for (let level = tensors[name].data; Array.isArray(level); level = level[0]) sides.push(level.length);
    t.same(sides, dtype === 'c64' ? [...shape, 2] : shape);
    const flat: unknown[] = tensors[name].data.flat(3);
    let wrong = 0;
    for (const [i, value] of flat.entries()) {
      const own = patternReader(specs);
      const bytes = new Uint8Array(8);
      own(tensor, dtype === 'c64' ? Math.floor(i / 2) : i, 1, bytes);
      const expected =
        dtype === 'bool' ? bytes[0] === 1 : new Float32Array(bytes.buffer)[dtype === 'c64' ? i % 2 : 0];
      if (value !== expected) wrong++;
    }
    t.equal(wrong, 0, `${flat.length} numbers of ${name}`);
  }
});

t.test('the longest numbers fit the buffer, however short the table', async (t) => {
  const longest = [-0.0000012345678901234567, -1.2345678901234567e-100];
  t.equal(dataText('f64', [1, 1, 1, 2], longest), `[[[[${longest}]]]]`);
  t.equal(dataText('f64', [1], longest), `[${longest[0]}]`);
  t.equal(String(longest[0]).length, maxNumberBytes);
});

t.test('two bodies printed in turns do not disturb each other', async (t) => {
  const specs: TensorSpec[] = [{ name: 'x', shape: [40_000], dtype: 'f32' }];
  const file = describe(specs);
  const shifted = reader(specs, (_, i) => i + 0.5);
  const [a, b] = [json.print(file, patternReader(specs)), json.print(file, shifted)];
  let [textA, textB] = ['', ''];
  for (;;) {
    const [nextA, nextB] = [a.next(), b.next()];
    if (nextA.done && nextB.done) break;
    if (!nextA.done) textA += nextA.value;
    if (!nextB.done) textB += nextB.value;
  }
  t.ok(textA === print(json, file));
  t.ok(textB === print(json, file, shifted));
});

t.test('plain data is written as JSON.stringify writes it, but no number is lost', async (t) => {
  const plain = { a: [1, 'ü"\n', null, true], 'b c': { d: 1e-7 }, e: undefined, f: [undefined] };
  t.equal(jsonText(plain), JSON.stringify(plain));
  t.equal(
    jsonText({ x: [Infinity, -Infinity, NaN, -0], y: 2n ** 60n }),
    '{"x":["Infinity","-Infinity","NaN",-0.0],"y":1152921504606846976}',
  );
});
