import { readFileSync } from 'node:fs';
import t from 'tap';
import { z } from 'zod';
import { type AnyEncoding, defineEncoding } from '../src/encodings/define.js';
import { encodings } from '../src/encodings/index.js';
import { formats } from '../src/formats/index.js';
import { positionAt, positionCount } from '../src/kernels/rows.js';
import { revision } from '../src/revision.js';
import {
  type ConformanceDigest,
  compareDigests,
  conformanceDigest,
  conformanceTables,
  explain,
} from './support/conformance.js';
import { choices, conformanceCases, shows } from './support/conformance-cases.js';

const committed: ConformanceDigest = JSON.parse(
  readFileSync(new URL('../../test/conformance.digest.json', import.meta.url), 'utf8'),
);

const matrix = [...conformanceTables(encodings)];

/** A new encoding, as far as the matrix can know; `change` is added to its last element. */
function triangle(change = 0): AnyEncoding {
  return defineEncoding({
    id: 'triangle',
    title: 'Triangle wave',
    summary: 'Integers that rise and fall.',
    status: { level: 'reconstructed', note: 'A test.' },
    references: [],
    params: z.object({
      dim: z.int().min(1).describe('Width of a row.'),
      sign: z.enum(['plus', 'minus']).default('plus').describe('Of every element.'),
      shifted: z.boolean().optional().describe('Begins half a period later.'),
    }),
    window: 'integers',
    profiles: [{ name: 'float64', guarantee: 'Integers.' }],
    tensors: ({ params, positions }) => [
      {
        name: 'table',
        shape: [positionCount(positions), params.dim],
        kind: 'float',
        rows: () => ({
          kind: 'elements',
          at: (row, column) => {
            const phase = (positionAt(positions, row) + column + (params.shifted ? 8 : 0)) % 16;
            const size = Math.abs(phase - 8) + (column === 2 ? change : 0);
            return params.sign === 'minus' ? -size : size;
          },
        }),
      },
      { name: 'rows', shape: [], kind: 'index', rows: () => ({ kind: 'elements', at: () => params.dim }) },
    ],
    tensorDocs: [
      { name: 'table', shape: ['N', 'd'], kind: 'float', description: 'The wave.' },
      { name: 'rows', shape: [], kind: 'index', description: 'Its width.' },
    ],
    examples: [{ title: 'Three columns', params: { dim: 3, length: 4, dtype: 'f16' } }],
  });
}

t.test('no byte of any table changed without a new revision', async (t) => {
  const difference = compareDigests(committed, await conformanceDigest(matrix));
  t.equal(explain(difference), null, `${committed.files} files of revision ${committed.revision}`);
});

t.test('the matrix shows every choice, profile, dtype and tensor of every encoding', async (t) => {
  for (const encoding of encodings) {
    const cases = conformanceCases(encoding);
    const missing = choices(encoding).filter(([name, value]) => !shows(cases, name, value));
    t.same(
      missing,
      [],
      `${encoding.id}: an example, or a case in test/support/conformance-cases.ts, for each`,
    );

    const tables = matrix.filter((table) => table.encoding === encoding).flatMap(({ files }) => files);
    const profiles = new Set(tables.map(({ table }) => table.profile));
    for (const { name } of encoding.profiles) t.ok(profiles.has(name), `${encoding.id}: profile ${name}`);
    const specs = tables.flatMap(({ description }) => description.specs);
    for (const { name, kind } of encoding.tensorDocs) {
      const dtypes = new Set(specs.filter((spec) => spec.name === name).map(({ dtype }) => dtype));
      t.equal(
        dtypes.size,
        { float: 4, index: 2, mask: 1, complex: 1, f64: 1 }[kind],
        `${encoding.id}: ${name}`,
      );
    }
  }
  for (const format of formats) {
    const held = matrix.filter(({ files }) => files.some((file) => file.format === format));
    t.ok(held.length > 100, `${held.length} tables as ${format.name}`);
  }
});

t.test('an encoding is in the matrix as soon as it is registered', async (t) => {
  const { encodings: digests, files } = await conformanceDigest(conformanceTables([triangle()]));
  t.same(Object.keys(digests), ['triangle']);
  t.same(Object.keys(digests.triangle ?? {}), [
    'dim=3&length=4',
    'dim=3&length=4&sign=minus',
    'dim=3&length=4&shifted=false',
    'dim=3&length=4&shifted=true',
    'dim=3&start=254&length=4',
    'dim=3&start=9007199254740990&length=2',
    'dim=3&positions=5,1048573,0,5',
  ]);
  t.same(Object.keys(digests.triangle?.['dim=3&length=4'] ?? {}), [
    'float64 f64',
    'float64 f32',
    'float64 f16',
    'float64 bf16',
    'float64 i32',
  ]);
  t.ok(files > 200, `${files} files`);
});

t.test('a change of one element under one revision is told by case, profile, dtype and format', async (t) => {
  const digest = (change?: number) => conformanceDigest(conformanceTables([triangle(change)]));
  const before = await digest();
  t.same(compareDigests(before, await digest()), { changed: [], stale: [] });
  const difference = compareDigests(before, await digest(1));
  t.same(difference.stale, []);
  const of = (label: string) => {
    const name = `triangle?dim=3&length=4, float64 ${label}: `;
    return difference.changed.find((line) => line.startsWith(name))?.slice(name.length);
  };
  t.equal(of('bf16'), 'json, safetensors, bin, csv');
  t.equal(of('f32'), 'json, npy, npz, safetensors, bin, csv');
  t.equal(of('i32'), 'json, npz, safetensors', 'where both tensors are');
  t.match(explain(difference), /changed their bytes(.|\n)*raise the revision in src\/revision\.ts/);
});

t.test('the digest of another state must be written anew', async (t) => {
  const table = { a: { 'x=1': { exact: 'json 00000000 npy 11111111' } } };
  const digest = (more: Partial<ConformanceDigest>): ConformanceDigest => ({
    revision,
    formats: { json: '1', npy: '1' },
    files: 2,
    total: 'f',
    encodings: table,
    ...more,
  });
  const of = (more: Partial<ConformanceDigest>) => compareDigests(digest({}), digest(more));
  const changed = { a: { 'x=1': { exact: 'json 00000000 npy 22222222' } } };
  const npy = 'a?x=1, exact: npy';
  t.same(of({}), { changed: [], stale: [] });
  t.equal(explain(of({})), null);
  t.same(of({ encodings: changed }), { changed: [npy], stale: [] });
  t.same(of({ revision: 'next', encodings: changed }), {
    changed: [],
    stale: [`revision next, where the digest is of ${revision}`, npy],
  });
  t.same(of({ formats: { json: '1', npy: '2' }, encodings: changed }), {
    changed: [],
    stale: ['revision 2 of npy, where the digest is of 1', npy],
  });
  t.same(of({ formats: { json: '2', npy: '1' }, encodings: changed }).changed, [npy], 'of another format');
  t.same(of({ encodings: { b: table.a } }).stale, ['a?x=1, exact: json, npy', 'b?x=1, exact: json, npy']);
  t.match(explain(of({ revision: 'next' })), /npm run conformance:update/);
  t.equal(of({ total: 'e' }).changed.length, 1, 'what the short digests do not tell, the total does');
});
