import t from 'tap';
import { z } from 'zod';
import { registerRoutes } from '../routes/index.js';
import { defineEncoding } from '../src/encodings/define.js';
import { encodings } from '../src/encodings/index.js';
import { formats } from '../src/formats/index.js';
import { positionAt, positionCount } from '../src/kernels/rows.js';
import { revision } from '../src/revision.js';
import { makeService } from './http/service.js';
import { posenc } from './support/command-line.js';

/** What an author of an encoding writes, and nothing more: the least that the contract asks for. */
const toy = defineEncoding({
  id: 'toy-ramp',
  title: 'Toy ramp',
  summary: 'Position times step, plus the column.',
  status: { level: 'reconstructed', note: 'Made up for a test.' },
  references: [{ title: 'Nowhere', url: 'https://example.org/' }],
  params: z.object({
    dim: z.int().min(1).max(16).describe('Width of a row.'),
    step: z.int().min(1).default(10).describe('From one row to the next.'),
  }),
  window: 'integers',
  profiles: [{ name: 'float64', guarantee: 'Integers.' }],
  tensors: ({ params: { dim, step }, positions }) => [
    {
      name: 'ramp',
      shape: [positionCount(positions), dim],
      kind: 'float',
      rows: () => ({ kind: 'elements', at: (row, column) => positionAt(positions, row) * step + column }),
    },
  ],
  tensorDocs: [{ name: 'ramp', shape: ['N', 'd'], kind: 'float', description: 'One row a position.' }],
  examples: [{ title: 'Three columns', params: { dim: 3, length: 2 } }],
});

const withToy = [...encodings, toy];

t.test('an encoding is served once it is in the registry', async (t) => {
  const app = makeService(t, {}, { routes: registerRoutes, encodings: withToy });
  const get = await app.inject('/v1/tables/toy-ramp?dim=3&start=4&length=2');
  t.equal(get.statusCode, 200);
  t.same(get.json(), {
    encoding: 'toy-ramp',
    params: { dim: 3, step: 10, start: 4, length: 2, dtype: 'f32', tensors: ['ramp'], profile: 'float64' },
    profile: 'float64',
    revision,
    tensors: {
      ramp: {
        dtype: 'f32',
        shape: [2, 3],
        data: [
          [40, 41, 42],
          [50, 51, 52],
        ],
      },
    },
    meta: { title: 'Toy ramp', guarantee: 'Integers.' },
  });
  const post = await app.inject({ method: 'POST', url: '/v1/tables/toy-ramp', payload: get.json().params });
  t.equal(post.body, get.body);
  t.equal(post.headers.etag, get.headers.etag);
  t.equal((await app.inject('/v1/tables/toy-ramp.csv?dim=2&positions=1,3&step=5')).body, '5,6\n15,16\n');
  for (const { extension, mediaType } of formats) {
    const response = await app.inject(`/v1/tables/toy-ramp.${extension}?dim=3&length=2`);
    t.equal(response.statusCode, 200, extension);
    t.ok(String(response.headers['content-type']).startsWith(mediaType), extension);
  }
  const wrong = await app.inject('/v1/tables/toy-ramp?dim=17&length=2&stride=1');
  t.equal(wrong.statusCode, 422);
  t.same(
    wrong.json().errors.map(({ pointer }: { pointer: string }) => pointer),
    ['#/dim', '#/stride'],
  );
  t.equal(
    (await app.inject({ method: 'DELETE', url: '/v1/tables/toy-ramp' })).headers.allow,
    'GET, HEAD, POST, OPTIONS',
  );
});

t.test('the catalogue has it', async (t) => {
  const app = makeService(t, {}, { routes: registerRoutes, encodings: withToy });
  t.same((await app.inject('/v1/encodings')).json().encodings.at(-1), {
    id: 'toy-ramp',
    title: 'Toy ramp',
    status: 'reconstructed',
  });
  const detail = (await app.inject('/v1/encodings/toy-ramp')).json();
  t.match(detail, {
    id: 'toy-ramp',
    summary: toy.summary,
    status_note: 'Made up for a test.',
    tensors: toy.tensorDocs,
    profiles: toy.profiles,
    references: toy.references,
    examples: toy.examples,
    params: {
      properties: { step: { default: 10, description: 'From one row to the next.' } },
      required: ['dim'],
    },
    limits: { parameters: { dim: { minimum: 1, maximum: 16 } } },
  });
});

t.test('the OpenAPI document has its paths, parameters, schemas and examples', async (t) => {
  const app = makeService(t, {}, { routes: registerRoutes, encodings: withToy });
  const { paths, components } = (await app.inject('/openapi.json')).json();
  const item = paths['/v1/tables/toy-ramp'];
  t.equal(item.get.operationId, 'getToyRamp');
  t.equal(item.post.operationId, 'postToyRamp');
  t.equal(paths['/v1/tables/toy-ramp.{ext}'].get.operationId, 'getToyRampFile');
  t.match(item.get.parameters.slice(0, 2), [
    { name: 'dim', in: 'query', required: true, example: 3 },
    { name: 'step', schema: { default: 10 } },
  ]);
  t.same(item.get['x-posenc-examples'], [
    { title: 'Three columns', path: '/v1/tables/toy-ramp?dim=3&length=2' },
  ]);
  t.ok(components.schemas.ToyRampParameters && components.schemas.ToyRampTable);
  t.ok(paths['/v1/encodings/{id}'].get.parameters[0].schema.enum.includes('toy-ramp'));
});

t.test('the command line has it', async (t) => {
  const given = { encodings: withToy };
  const list = await posenc(['encodings'], given);
  t.match(list.stdout.toString(), /^toy-ramp +Toy ramp$/m);
  const table = await posenc('table toy-ramp --dim 2 --length 2 --step 3 --format csv'.split(' '), given);
  t.same([table.code, table.stdout.toString()], [0, '0,1\n3,4\n']);
  const help = await posenc(['table', 'toy-ramp', '--help'], given);
  t.match(help.stdout.toString(), '--step  whole number [10]\n      From one row to the next.\n');
  const document = await posenc(['openapi'], given);
  t.ok(JSON.parse(document.stdout.toString()).paths['/v1/tables/toy-ramp']);
});

t.test('without it in the registry nothing knows it', async (t) => {
  const app = makeService(t, {}, { routes: registerRoutes });
  for (const url of [
    '/v1/tables/toy-ramp?dim=3&length=2',
    '/v1/tables/toy-ramp.npy',
    '/v1/encodings/toy-ramp',
  ]) {
    const response = await app.inject(url);
    t.equal(response.statusCode, 404, url);
    t.equal(response.json().code, 'unknown_encoding', url);
  }
  t.notMatch((await app.inject('/openapi.json')).body, /toy-ramp/);
  t.equal((await posenc(['table', 'toy-ramp'])).code, 2);
});
