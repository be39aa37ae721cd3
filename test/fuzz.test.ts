import type { FastifyInstance } from 'fastify';
import t from 'tap';
import { z } from 'zod';
import { registerRoutes } from '../routes/index.js';
import type { AppOptions } from '../src/app.js';
import { collectOpenapi } from '../src/http/openapi.js';
import { momentSchema } from '../src/http/openapi-operation.js';
import { listen, makeService } from './http/service.js';
import { requestAt } from './support/fuzz/generate.js';
import { type ApiDocument, type ApiOperation, operationsOf } from './support/fuzz/operations.js';
import { wireText } from './support/fuzz/request.js';
import { describeFinding, runFuzz } from './support/fuzz/run.js';
import { fuzzedService } from './support/fuzz/service.js';

type Tap = Pick<typeof t, 'teardown'>;

async function start(
  t: Tap,
  routes: NonNullable<AppOptions['routes']>,
): Promise<{ app: FastifyInstance; port: number; operations: ApiOperation[] }> {
  const app = makeService(t, fuzzedService, { routes });
  const port = await listen(app);
  const document = (await app.inject({ url: '/openapi.json' })).json<ApiDocument>();
  return { app, port, operations: operationsOf(document) };
}

t.test('every answer to thousands of requests is one that the document declares', async (t) => {
  const { app, port, operations } = await start(t, registerRoutes);
  const report = await runFuzz({ port, operations, seed: 1, count: 2500 });
  t.same(report.findings.map(describeFinding), []);
  for (const { id } of operations) t.ok(report.operations.has(id), id);
  for (const status of [200, 204, 206, 304, 400, 404, 405, 406, 412, 413, 415, 416, 417, 422, 431])
    t.ok(report.statuses.has(status), String(status));
  t.equal(app.context.pool.leased, 0);
});

t.test('a request of the fuzz follows from its seed and number alone', async (t) => {
  const { operations } = await start(t, registerRoutes);
  const texts = (seed: number) =>
    Array.from({ length: 200 }, (_, i) => wireText(requestAt(operations, seed, i)));
  t.same(texts(7), texts(7));
  t.not(texts(7).join(), texts(8).join());
});

/** An operation that answers right unless the address says otherwise. */
const faulty: NonNullable<AppOptions['routes']> = async (app) => {
  await collectOpenapi(app, '', '1');
  const schema = momentSchema({
    operationId: 'getThing',
    tag: 'operation',
    summary: 'A thing',
    description: 'A thing.',
    body: z.object({ thing: z.literal(true) }),
    parameters: [{ name: 'size', in: 'query', schema: { type: 'integer', minimum: 0 } }],
    errors: ['invalid_parameters'],
    examples: [{ title: 'A thing', path: '/thing?size=1' }],
  });
  app.get('/thing', { schema }, (request, reply) => {
    const { size = '' } = request.query as { size?: string };
    reply.header('Cache-Control', 'no-store');
    // The service does not fall over a long text, but answers it; and it takes an empty one for a number.
    if (size.length > 200) throw new Error('the thing broke');
    if (request.headers.origin !== undefined) return reply.code(418).send({ thing: true });
    if (request.headers.cookie !== undefined) return reply.type('text/plain').send('a thing');
    if (request.headers.prefer !== undefined) reply.removeHeader('x-request-id');
    if (request.headers['user-agent'] !== undefined) {
      reply.hijack();
      reply.raw.writeHead(200, { 'Content-Length': 5 });
      reply.raw.write('{}', () => reply.raw.destroy());
      return reply;
    }
    return reply.send({ thing: true });
  });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
};

t.test('the fuzz finds what is wrong, and takes away what does not belong to it', async (t) => {
  const { port, operations } = await start(t, faulty);
  const { findings } = await runFuzz({ port, operations, seed: 1, count: 2000 });
  const found = new Map(findings.map(({ rule, request }) => [rule, request]));
  t.match(found.get('no server error'), /^GET \/thing\?size=.{201} HTTP\/1\.1\r\nHost: x\r\n\r\n$/);
  t.match(found.get('the status follows from the request'), /^GET \/thing\?size=/);
  t.match(found.get('the content type is declared'), /\r\nCookie: [^\r]*\r\n\r\n$/i);
  t.match(found.get('every answer has a request id'), /\r\nPrefer: [^\r]*\r\n\r\n$/i);
  t.match(found.get('an answer is whole'), /\r\nUser-Agent: [^\r]*\r\n\r\n$/i);
});
