import { request } from 'node:http';
import t from 'tap';
import type { AppOptions } from '../../src/app.js';
import { Wire } from '../support/wire.js';
import { exchange, listen, makeService, rawClient, until } from './service.js';

/** Head and body of the last response in a text. */
function problemIn(text: string): { head: string; problem: Record<string, unknown> } {
  const at = text.lastIndexOf('\r\n\r\n');
  return { head: text.slice(0, at), problem: JSON.parse(text.slice(at + 4)) };
}

const options: AppOptions = {
  routes: (app) => {
    app.get('/quick', () => ({ quick: true }));
    app.get('/slow', async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return { slow: true };
    });
    app.post('/echo', (request) => ({ body: request.body }));
    // A buffer goes to the socket apart from the head.
    app.post('/buffer', (request) => Buffer.from(JSON.stringify({ body: request.body })));
  },
};

t.test('what is no HTTP is a 400 problem document on a closed connection', async (t) => {
  const port = await listen(makeService(t, {}, options));
  const texts = [
    'nonsense\r\n\r\n',
    'GET / HTTP/9.9\r\nHost: x\r\n\r\n',
    'GET /quick HTTP/1.1\r\n\r\n',
    'GET /quick HTTP/1.1\r\nHost: x\r\nBad Header: 1\r\n\r\n',
    'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n',
    'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    'CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n',
  ];
  for (const text of texts) {
    const answer = await exchange(port, text);
    t.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/, text);
    const { head, problem } = problemIn(answer);
    t.match(head, /content-type: application\/problem\+json/i);
    t.match(head, /connection: close/i);
    t.match(head, /x-request-id: \S+/i);
    t.match(problem, { status: 400, code: 'bad_request', type: 'urn:posenc:error:bad_request' });
  }
});

t.test('a head that is too large is 431, a URL that is too long 414', async (t) => {
  const port = await listen(makeService(t, {}, options));
  const headers = await exchange(
    port,
    `GET /quick HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(40_000)}\r\n\r\n`,
  );
  t.match(headers, /^HTTP\/1\.1 431 /);
  t.equal(problemIn(headers).problem.code, 'headers_too_large');
  for (const length of [17_000, 40_000, 200_000]) {
    const url = await exchange(
      port,
      `GET /quick?a=${'1'.repeat(length)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    t.match(url, /^HTTP\/1\.1 414 /, String(length));
    t.equal(problemIn(url).problem.code, 'url_too_long');
  }
});

t.test('a request that does not arrive in time is 408', async (t) => {
  const env = { POSENC_HEADERS_TIMEOUT_MS: '150', POSENC_REQUEST_TIMEOUT_MS: '300' };
  const port = await listen(makeService(t, env, options));
  const started = performance.now();
  const [head, body] = await Promise.all([
    exchange(port, 'GET /quick HTTP/1.1\r\nHost: x\r\n'),
    exchange(
      port,
      'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    ),
  ]);
  t.ok(performance.now() - started < 1500);
  for (const answer of [head, body]) {
    t.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n/);
    t.match(problemIn(answer).problem, { code: 'request_timeout', status: 408 });
  }
});

t.test('an idle connection is closed after the keep-alive time-out', async (t) => {
  const port = await listen(makeService(t, { POSENC_KEEP_ALIVE_TIMEOUT_MS: '100' }, options));
  const started = performance.now();
  const answer = await exchange(port, 'GET /quick HTTP/1.1\r\nHost: x\r\n\r\n');
  t.match(answer, /^HTTP\/1\.1 200 /);
  // Node adds a second, against the race with a request that is under way.
  t.ok(performance.now() - started < 2500);
});

t.test('a malformed request is answered after those before it', async (t) => {
  const port = await listen(makeService(t, {}, options));
  for (const path of ['quick', 'slow']) {
    const answer = await exchange(port, `GET /${path} HTTP/1.1\r\nHost: x\r\n\r\nnonsense\r\n\r\n`);
    const at = answer.indexOf('HTTP/1.1 400');
    t.match(answer, /^HTTP\/1\.1 200 /, path);
    t.ok(at > answer.indexOf(`{"${path}":true}`), path);
    t.equal(answer.match(/HTTP\/1\.1 \d/g)?.length, 2, path);
  }
});

t.test('a body that would be refused is refused before it is sent', async (t) => {
  const port = await listen(makeService(t, { POSENC_MAX_BODY_BYTES: '1024' }, options));
  const head = 'POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n';
  const refused = await exchange(port, `${head}Expect: 100-continue\r\nContent-Length: 4096\r\n\r\n`);
  t.match(refused, /^HTTP\/1\.1 413 /);
  const client = rawClient(port, `${head}Expect: 100-continue\r\nContent-Length: 7\r\n\r\n`);
  await until(() => client.received() !== '');
  t.equal(client.received(), 'HTTP/1.1 100 Continue\r\n\r\n');
  client.socket.write('{"a":1}');
  t.match(await client.closed, /HTTP\/1\.1 200 .*\{"body":\{"a":1\}\}/s);
  const other = await exchange(port, `${head}Expect: coffee\r\nContent-Length: 0\r\n\r\n`);
  t.match(other, /^HTTP\/1\.1 417 /);
  t.equal(problemIn(other).problem.code, 'expectation_failed');
});

t.test('an interim answer keeps its place behind the answers before it', async (t) => {
  const port = await listen(makeService(t, {}, options));
  const slow = 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n';
  const head =
    'POST /buffer HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 7\r\n\r\n';

  const hasty = await Wire.open(port);
  hasty.send(`${slow}${head}{"a":1}`);
  t.equal((await hasty.answer()).body.toString(), '{"slow":true}');
  t.equal((await hasty.answer()).body.toString(), '{"body":{"a":1}}');
  t.equal(hasty.unread, '');
  hasty.close();

  const patient = rawClient(port, slow + head);
  await until(() => patient.received().includes('100 Continue'));
  t.match(patient.received(), /\{"slow":true\}HTTP\/1\.1 100 Continue\r\n\r\n$/);
  patient.socket.write('{"a":1}');
  await until(() => patient.received().endsWith('{"body":{"a":1}}'));
  patient.socket.destroy();
});

t.test('a problem in answer to HEAD has no body', async (t) => {
  const port = await listen(makeService(t, {}, options));
  for (const path of ['/nothing', '/echo', '/%zz', `/quick?${'a'.repeat(17_000)}`]) {
    const answer = await exchange(port, `HEAD ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    t.match(answer, /^HTTP\/1\.1 4\d\d .*\r\n\r\n$/s, path.slice(0, 20));
    t.match(answer, /content-type: application\/problem\+json/i);
  }
});

t.test('the absolute form of a target and the star of OPTIONS are understood', async (t) => {
  const port = await listen(makeService(t, {}, options));
  const absolute = await exchange(
    port,
    'GET http://example.org/quick HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  );
  t.match(absolute, /^HTTP\/1\.1 200 /);
  const missing = await exchange(
    port,
    'GET http://example.org/no?x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  );
  t.match(problemIn(missing).problem, { status: 404, instance: '/no' });
  const star = await exchange(port, 'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  t.match(star, /^HTTP\/1\.1 204 .*allow: GET, HEAD, POST, OPTIONS\r\n/is);
});

t.test('a client that sends a body to a path that does not exist reads its 404', async (t) => {
  const port = await listen(makeService(t, {}, options));
  const status = await new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', method: 'PUT', path: '/nothing' }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on('error', reject);
    sent.end(Buffer.alloc(1_000_000));
  });
  t.equal(status, 404);
});
