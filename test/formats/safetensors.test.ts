import t from 'tap';
import { safetensors } from '../../src/formats/safetensors.js';
import type { DType } from '../../src/tensor/dtype.js';
import type { TensorSpec } from '../../src/tensor/spec.js';
import { describe, golden, patternReader, render, slice } from './virtual.js';

const identity = '/v1/tables/rope.safetensors?head_dim=128&layout=half&revision=1';
const order: readonly DType[] = ['bool', 'f16', 'bf16', 'i32', 'f32', 'c64', 'f64', 'i64'];

t.test('a pair of tables has the bytes of the reference writer', async (t) => {
  const specs: TensorSpec[] = [
    { name: 'sin', shape: [2, 3], dtype: 'f32' },
    { name: 'cos', shape: [2, 3], dtype: 'f32' },
  ];
  t.ok(render(safetensors, describe(specs, { identity })).equals(golden('pair.safetensors')));
  t.same(
    safetensors.layout(describe(specs, { identity })).segments.slice(1),
    [
      { kind: 'tensor', tensor: 1, byteLength: 24 },
      { kind: 'tensor', tensor: 0, byteLength: 24 },
    ],
    'segments carry the place of their spec, in the order of the file',
  );
});

t.test(
  'every dtype stands where the reference writer puts it, whatever the order of the specs',
  async (t) => {
    const specs = order.flatMap((dtype): TensorSpec[] => [
      { name: `b_${dtype}`, shape: [3, 5], dtype },
      { name: `a_${dtype}`, shape: [], dtype },
      { name: `Z_${dtype}`, shape: [1], dtype },
    ]);
    const expected = golden('every-dtype.safetensors');
    t.ok(render(safetensors, describe(specs, { identity })).equals(expected));
    t.ok(render(safetensors, describe(specs.toReversed(), { identity })).equals(expected));
  },
);

t.test(
  'names are sorted by their UTF-8 bytes and escaped as the reference writer escapes them',
  async (t) => {
    const specs: TensorSpec[] = [
      { name: '\u{1d6fc}', shape: [1], dtype: 'f32' },
      { name: '\ufb01', shape: [1], dtype: 'f32' },
      { name: 'ключ', shape: [1], dtype: 'f32' },
      { name: 'tab\t\u0001\u007f', shape: [1], dtype: 'f32' },
      { name: 'quo"te\\', shape: [2], dtype: 'f32' },
    ];
    const file = describe(specs, { identity: 'a "quoted" \\ é\u2028\u{1d6fc}' });
    t.ok(render(safetensors, file).equals(golden('names.safetensors')));
  },
);

t.test('the length is known before the numbers, beyond 2^50 bytes too', async (t) => {
  const specs: TensorSpec[] = [
    { name: 'a', shape: [2 ** 30, 2 ** 17], dtype: 'f64' },
    { name: 'b', shape: [3], dtype: 'f32' },
  ];
  const layout = safetensors.layout(describe(specs));
  const header = slice(layout, specs, patternReader(specs), 0, 8).readBigUInt64LE();
  t.equal(BigInt(layout.byteLength), 8n + header + 2n ** 50n + 12n);
});
