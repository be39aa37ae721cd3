import type { FastifyInstance } from 'fastify';
import t from 'tap';
import { registerTables } from '../../routes/tables.js';
import type { AppOptions } from '../../src/app.js';
import { exchange, listen, makeService, recorder } from './service.js';

/** The tables, and how many requests came by way of the hooks. */
function counted(): { routes: NonNullable<AppOptions['routes']>; seen: () => number } {
  let seen = 0;
  return {
    seen: () => seen,
    routes: (app, context) => {
      app.addHook('onRequest', (_request, _reply, done) => {
        seen++;
        done();
      });
      registerTables(app, context);
    },
  };
}

interface Answer {
  readonly status: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

async function ask(
  port: number,
  path: string,
  fields: Readonly<Record<string, string>> = {},
  line = `GET ${path} HTTP/1.1`,
): Promise<Answer> {
  const head = Object.entries({ Host: 'x', Connection: 'close', ...fields }).map(
    ([n, v]) => `${n}: ${v}\r\n`,
  );
  const text = await exchange(port, `${line}\r\n${head.join('')}\r\n`);
  const end = text.indexOf('\r\n\r\n');
  const [status = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((field) => {
      const colon = field.indexOf(':');
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 2)];
    }),
  );
  return { status, headers, body: text.slice(end + 4) };
}

/** An answer without what every response has its own of. */
function lasting({ status, headers, body }: Answer): unknown {
  const { date: _, 'server-timing': timing, 'x-request-id': id, ...rest } = headers;
  return { status, rest, body, timed: timing !== undefined, identified: id !== undefined };
}

const json = '/v1/tables/rope-frequencies?head_dim=16';
const small = '/v1/tables/alibi-slopes.npy?num_heads=8';
const large = '/v1/tables/rope.safetensors?head_dim=128&length=1048576';

async function etagOf(port: number, path: string, fields = {}): Promise<string> {
  const { headers } = await ask(port, path, fields, `HEAD ${path} HTTP/1.1`);
  return headers.etag ?? '';
}

t.test('an answer that is ready is the one that the route gives', async (t) => {
  const { routes, seen } = counted();
  const { logger, lines } = recorder();
  const app = makeService(t, {}, { routes, logger });
  const port = await listen(app);
  const gzip = { 'Accept-Encoding': 'gzip' };
  const cases: [string, Record<string, string>][] = [
    [json, {}],
    [json, gzip],
    [json, { Accept: 'application/json' }],
    [`${json}&tensors=inv_freq`, { Accept: 'text/csv' }],
    ['/v1/tables/rope-frequencies.json?head_dim=16', { Range: 'bytes=0-9' }],
    [small, {}],
    [small, { Accept: 'text/csv', 'X-Request-Id': 'one' }],
    [json, { 'If-None-Match': await etagOf(port, json) }],
    [json, { ...gzip, 'If-None-Match': await etagOf(port, json, gzip) }],
    [large, { 'If-None-Match': await etagOf(port, large) }],
  ];
  for (const [path, fields] of cases) {
    const title = `${path} ${JSON.stringify(fields)}`;
    // A preference of its own takes the way of the hooks, whatever was asked before.
    await ask(port, path, { ...fields, Accept: 'application/json;q=0.9' });
    const before = seen();
    lines.length = 0;
    const routed = await ask(port, path, { ...fields, 'If-Match': '*' });
    t.equal(seen(), before + 1, `${title} is routed`);
    // Where the entry is of another Accept header, the first of these is routed too.
    await ask(port, path, fields);
    const ready = seen();
    const early = await ask(port, path, fields);
    t.equal(seen(), ready, `${title} is ready`);
    t.same(lasting(early), lasting(routed), title);
    t.match(lines.at(-1), { route: path.split('?')[0]?.replace(/[.]\w+$/, '.:ext'), client: '127.0.0.1' });
    const { ms: _, time: __, request_id: id, bytes, ...line } = lines.at(-1) ?? {};
    t.equal(id, early.headers['x-request-id']);
    t.ok(Number(bytes) > 100);
    const { ms: ___, time: ____, request_id: _____, bytes: ______, ...first } = lines[0] ?? {};
    t.same(line, first, `${title} is logged the same`);
  }
});

t.test('what is not plain takes the way of the hooks', async (t) => {
  const { routes, seen } = counted();
  const port = await listen(makeService(t, {}, { routes }));
  const etag = await etagOf(port, json);
  for (const path of [json, small]) await ask(port, path);
  const cases: [string, Record<string, string>, string?][] = [
    [json, {}, `HEAD ${json} HTTP/1.1`],
    [json, {}, `GET ${json} HTTP/1.0`],
    [json, { 'If-None-Match': `"other", ${etag}` }],
    [json, { 'If-Match': etag }],
    [json, { 'Content-Length': '0' }],
    [json, { Accept: 'text/csv' }],
    [small, { Range: 'bytes=0-9' }],
    [`${json}&digest=sha-256`, {}],
  ];
  for (const [path, fields, line] of cases) {
    await ask(port, path, fields, line);
    const before = seen();
    await ask(port, path, fields, line);
    t.equal(seen(), before + 1, `${line ?? path} ${JSON.stringify(fields)}`);
  }
});

t.test('metrics count it', async (t) => {
  const { routes, seen } = counted();
  const app = makeService(t, {}, { routes });
  const port = await listen(app);
  for (let i = 0; i < 3; i++) await ask(port, json);
  t.equal(seen(), 1);
  const { text } = await app.context.metrics.print();
  t.match(
    text,
    /duration_seconds_count{method="GET",route="\/v1\/tables\/rope-frequencies",status="200"} 3\n/,
  );
  const [, sent] = /^posenc_tensor_bytes_sent_total (\d+)$/m.exec(text) ?? [];
  t.equal(Number(sent), 3 * (await ask(port, json)).body.length);
});

t.test('many on one connection are answered in order', async (t) => {
  const { routes } = counted();
  const port = await listen(makeService(t, {}, { routes }));
  await ask(port, json);
  const one = (id: string, path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\nX-Request-Id: ${id}\r\n`;
  // The second has to be computed, the others are ready.
  const text = await exchange(
    port,
    `${one('a', json)}\r\n${one('b', '/v1/tables/t5-buckets.npy?query_length=300')}\r\n${one('c', json)}\r\n${one('d', json)}Connection: close\r\n\r\n`,
  );
  t.same(
    [...text.matchAll(/x-request-id: (\w)\r/gi)].map(([, id]) => id),
    ['a', 'b', 'c', 'd'],
  );
});

t.test(
  'a service that does not take work, or knows origins or proxies, leaves it to the hooks',
  async (t) => {
    const hooked = async (app: FastifyInstance, seen: () => number, fields: Record<string, string> = {}) => {
      const port = await listen(app);
      await ask(port, json, fields);
      const before = seen();
      const { status } = await ask(port, json, fields);
      t.equal(seen(), before + 1);
      return status;
    };
    const cors = counted();
    const origins = makeService(t, { POSENC_CORS_ORIGINS: 'https://a.example' }, { routes: cors.routes });
    t.match(await hooked(origins, cors.seen), /200/);

    const proxy = counted();
    const behind = makeService(t, { POSENC_TRUSTED_PROXIES: '127.0.0.1' }, { routes: proxy.routes });
    t.match(await hooked(behind, proxy.seen, { 'X-Forwarded-For': '192.0.2.1' }), /200/);

    const draining = counted();
    const app = makeService(t, {}, { routes: draining.routes });
    app.context.lifecycle.drain();
    t.match(await hooked(app, draining.seen), /200/);
  },
);

t.test('CORS and the format both stand in Vary', async (t) => {
  const { routes } = counted();
  const app = makeService(t, { POSENC_CORS_ORIGINS: 'https://a.example' }, { routes });
  const { headers } = await app.inject({ url: json, headers: { origin: 'https://a.example' } });
  t.equal(headers.vary, 'Origin, Accept, Accept-Encoding');
});
