import t from 'tap';
import type { AppOptions } from '../../src/app.js';
import { exchange, listen, makeService, rawClient, recorder, until } from './service.js';

const routes: NonNullable<AppOptions['routes']> = (app, context) => {
  app.get('/things/:id', () => ({ ok: true }));
  app.get('/broken', () => {
    throw new Error('the reason');
  });
  app.get('/endless', (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'Content-Length': 1_000_000 });
    reply.raw.write('x'.repeat(1000));
  });
  app.post('/never', (_request, reply) => {
    reply.hijack();
  });
  app.get('/metrics', async () => (await context.metrics.print()).text);
};

t.test('a request is one line, with pattern, status, bytes, time and id', async (t) => {
  const { logger, lines } = recorder();
  const app = makeService(t, {}, { logger, routes });
  const port = await listen(app);
  lines.length = 0;
  await exchange(
    port,
    'GET /things/a%20b?x=1 HTTP/1.1\r\nHost: x\r\nX-Request-Id: abc\r\nConnection: close\r\n\r\n',
  );
  t.equal(lines.length, 1);
  t.match(lines[0], {
    level: 30,
    client: '127.0.0.1',
    method: 'GET',
    route: '/things/:id',
    path: '/things/a%20b',
    status: 200,
    request_id: 'abc',
    msg: 'request',
  });
  t.ok(Number(lines[0]?.bytes) > 100);
  t.ok(Number(lines[0]?.ms) > 0);

  for (const [path, status] of [
    ['/nothing', 404],
    ['/%zz', 400],
  ] as const) {
    lines.length = 0;
    await app.inject({ url: path });
    t.equal(lines.length, 1, path);
    t.match(lines[0], { route: null, path, status });
  }
});

t.test('an unforeseen error is logged whole, beside the line of its request', async (t) => {
  const { logger, lines } = recorder();
  const app = makeService(t, {}, { logger, routes });
  const response = await app.inject({ url: '/broken' });
  t.equal(lines.length, 2);
  t.match(lines[0], { level: 50, request_id: response.json().request_id, err: { message: 'the reason' } });
  t.match(lines[1], { status: 500, request_id: response.json().request_id });
});

t.test('a client that leaves ends its exchanges once each, queued ones included', async (t) => {
  const { logger, lines } = recorder();
  const app = makeService(t, {}, { logger, routes });
  const port = await listen(app);
  const { exchanges } = app.context;
  lines.length = 0;
  const head = 'HTTP/1.1\r\nHost: x\r\n';
  const body = 'Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}';
  const client = rawClient(
    port,
    `GET /endless ${head}\r\nPOST /never ${head}${body}GET /things/a ${head}\r\n`,
  );
  await until(() => exchanges.running === 3 && client.received().length > 1000);
  t.equal([...exchanges.connections].length, 1);
  client.socket.destroy();
  await until(() => exchanges.running === 0);
  t.equal(lines.length, 3);
  t.match(lines[0], { client: '127.0.0.1', route: '/endless', status: 200, aborted: true });
  t.match(lines[1], { route: '/never', status: 499, aborted: true });
  t.match(lines[2], { route: '/things/:id', aborted: true });
  t.equal([...exchanges.connections].length, 0);
});

t.test('a request id is taken over when it is safe, else made', async (t) => {
  const app = makeService(t, {}, { routes });
  const idOf = async (given: string) =>
    (await app.inject({ url: '/things/a', headers: { 'x-request-id': given } })).headers['x-request-id'];
  for (const safe of ['a', 'A.b_c-9', 'x'.repeat(64)]) t.equal(await idOf(safe), safe);
  const made = new Set<unknown>();
  for (const unsafe of ['', 'a b', 'x'.repeat(65), 'a;b', 'ä', 'a\tb', '{"a":1}', '$(id)']) {
    const id = await idOf(unsafe);
    t.match(id, /^[A-Za-z0-9._-]{1,64}$/);
    t.not(id, unsafe);
    made.add(id);
  }
  t.equal(made.size, 8);
});

t.test('metrics count requests by route pattern, and what tables cost', async (t) => {
  const app = makeService(t, {}, { routes });
  await app.inject({ url: '/things/a' });
  await app.inject({ url: '/things/b' });
  await app.inject({ url: '/nothing/else' });
  await app.inject({ method: 'DELETE', url: '/things/a' });
  app.context.metrics.tensorBytesSent(100);
  app.context.metrics.tensorBytesSent(20);
  app.context.metrics.elementsComputed(7);
  const first = (await app.inject({ url: '/metrics' })).body;
  const name = 'posenc_http_request_duration_seconds_count';
  t.match(first, `${name}{method="GET",route="/things/:id",status="200"} 2`);
  t.match(first, `${name}{method="GET",route="none",status="404"} 1`);
  t.match(first, `${name}{method="other",route="none",status="405"} 1`);
  t.match(first, /posenc_tensor_bytes_sent_total 120\n/);
  t.match(first, /posenc_elements_computed_total 7\n/);
  t.match(first, /posenc_build_info\{version="\d+\.\d+\.\d+",revision="[^"]+",node="v[^"]+"\} 1/);
  t.match(first, 'process_cpu_seconds_total');
  app.context.metrics.elementsComputed(1);
  t.match((await app.inject({ url: '/metrics' })).body, /posenc_elements_computed_total 8\n/);
});

t.test('GET /metrics answers in the text format of Prometheus, unless it is off', async (t) => {
  const on = await makeService(t).inject({ url: '/metrics' });
  t.equal(on.statusCode, 200);
  t.match(on.headers['content-type'], /^text\/plain; version=0\.0\.4/);
  t.equal((await makeService(t, { POSENC_METRICS: 'off' }).inject({ url: '/metrics' })).statusCode, 404);
});

t.test('the base path stands before every route', async (t) => {
  const app = makeService(t, { POSENC_BASE_PATH: '/pos/enc' });
  t.equal((await app.inject({ url: '/pos/enc/livez' })).statusCode, 200);
  t.equal((await app.inject({ url: '/pos/enc/v1/limits' })).statusCode, 200);
  const outside = await app.inject({ url: '/v1/limits' });
  t.equal(outside.statusCode, 404);
  t.equal(outside.json().code, 'not_found');
  t.equal((await app.inject({ method: 'POST', url: '/pos/enc/livez' })).headers.allow, 'GET, HEAD, OPTIONS');
});

t.test(
  'X-Forwarded-For counts from trusted proxies alone: a line names the client behind them',
  async (t) => {
    const forged =
      'GET /things/1 HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9, 198.51.100.7\r\nConnection: close\r\n\r\n';
    for (const [trusted, client] of [
      ['', '127.0.0.1'],
      ['192.0.2.0/24', '127.0.0.1'],
      ['127.0.0.1', '198.51.100.7'],
      ['127.0.0.0/8,198.51.100.7', '203.0.113.9'],
    ] as const) {
      const { logger, lines } = recorder();
      const app = makeService(t, { POSENC_TRUSTED_PROXIES: trusted }, { logger, routes });
      const port = await listen(app);
      lines.length = 0;
      await exchange(port, forged);
      t.match(lines, [{ client }], `trusted: ${trusted}`);
    }
  },
);
