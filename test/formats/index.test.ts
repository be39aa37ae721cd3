import t from 'tap';
import { allDTypes } from '../../src/formats/define.js';
import { formatByExtension, formatByName, formats } from '../../src/formats/index.js';
import type { TensorSpec } from '../../src/tensor/spec.js';
import { describe, render } from './virtual.js';

t.test('the formats, their extensions and media types', async (t) => {
  t.same(
    formats.map(({ name, extension, mediaType, kind, single }) => [name, extension, mediaType, kind, single]),
    [
      ['json', 'json', 'application/json', 'text', false],
      ['npy', 'npy', 'application/x-npy', 'binary', true],
      ['npz', 'npz', 'application/x-npz', 'binary', false],
      ['safetensors', 'safetensors', 'application/vnd.safetensors', 'binary', false],
      ['bin', 'bin', 'application/octet-stream', 'binary', true],
      ['csv', 'csv', 'text/csv', 'text', true],
    ],
  );
});

t.test('a format is found by its extension and by its name', async (t) => {
  for (const format of formats) {
    t.equal(formatByExtension(format.extension), format);
    t.equal(formatByName(format.name), format);
  }
  t.equal(formatByExtension('.json'), undefined);
  t.equal(formatByExtension('constructor'), undefined);
  t.equal(formatByName('gguf'), undefined);
});

t.test('every format says of every dtype whether it holds it', async (t) => {
  const refused = formats.map((format) => [
    format.name,
    allDTypes.filter((dtype) => format.refuses({ name: 'x', shape: [2], dtype }) !== null),
  ]);
  t.same(refused, [
    ['json', []],
    ['npy', ['bf16']],
    ['npz', ['bf16']],
    ['safetensors', []],
    ['bin', []],
    ['csv', ['c64']],
  ]);
});

t.test('a binary file has the length that its layout promised', async (t) => {
  for (const format of formats) {
    if (format.kind !== 'binary') continue;
    for (const dtype of allDTypes) {
      const specs: TensorSpec[] = [{ name: 'x', shape: [3, 5], dtype }];
      if (format.refuses(specs[0]!) !== null) continue;
      const file = describe(specs);
      t.equal(render(format, file).length, format.layout(file).byteLength, `${format.name} ${dtype}`);
    }
  }
});
