import t from 'tap';
import { invalidParameter, PosencError } from '../../src/errors.js';
import { instanceOf } from '../../src/http/problem.js';
import { makeService } from './service.js';

const routes = {
  routes: (app: Parameters<NonNullable<import('../../src/app.js').AppOptions['routes']>>[0]) => {
    app.get('/things/:id', (request) => ({ id: request.params }));
    app.get('/things/:id.:ext', () => ({}));
    app.post('/things/:id', (request) => ({ body: request.body }));
    app.post('/lists', (request) => ({ body: request.body }));
    app.get('/wrong', () => {
      throw invalidParameter('head_dim', 'must be even');
    });
    app.get('/broken', (_request, reply) => {
      reply.headers({
        ETag: '"x"',
        'Content-Disposition': 'attachment',
        'Content-Type': 'application/x-npy',
      });
      throw new Error('the password is 1234');
    });
    app.get('/thrown', async () => {
      // A rejected promise may carry anything.
      throw { secret: 1234 };
    });
    app.get('/busy', () => {
      throw new PosencError('overloaded', 'later', { extras: { limit: 3, status: 200, type: 'x' } });
    });
  },
};

t.test('an error is a problem document with all its members', async (t) => {
  const app = makeService(t, {}, routes);
  const response = await app.inject({ url: '/wrong?head_dim=3', headers: { 'x-request-id': 'mine-1' } });
  t.equal(response.statusCode, 422);
  t.equal(response.headers['content-type'], 'application/problem+json');
  t.equal(response.headers['cache-control'], 'no-store');
  t.equal(response.headers['x-request-id'], 'mine-1');
  t.same(response.json(), {
    type: 'urn:posenc:error:invalid_parameters',
    title: 'The parameters are not valid',
    status: 422,
    detail: '#/head_dim: must be even',
    instance: '/wrong',
    request_id: 'mine-1',
    code: 'invalid_parameters',
    errors: [{ pointer: '#/head_dim', detail: 'must be even' }],
  });
});

t.test(
  'an unforeseen error says nothing of itself and takes no header of the answer it replaces',
  async (t) => {
    const app = makeService(t, {}, routes);
    for (const url of ['/broken', '/thrown']) {
      const response = await app.inject({ url });
      t.equal(response.statusCode, 500);
      t.equal(response.json().code, 'internal_error');
      t.notMatch(response.body, /1234|stack|password/);
      for (const name of ['etag', 'content-disposition']) t.equal(response.headers[name], undefined);
      t.equal(response.headers['content-type'], 'application/problem+json');
    }
  },
);

t.test('503 says when to come back, and extras replace no member', async (t) => {
  const response = await makeService(t, {}, routes).inject({ url: '/busy' });
  t.equal(response.statusCode, 503);
  t.equal(response.headers['retry-after'], '1');
  t.match(response.json(), { limit: 3, status: 503, type: 'urn:posenc:error:overloaded' });
});

t.test('an unknown path is 404, a known one with another method 405 with Allow', async (t) => {
  const app = makeService(t, {}, routes);
  const cases: [
    'GET' | 'HEAD' | 'PUT' | 'DELETE' | 'PATCH' | 'POST' | 'OPTIONS',
    string,
    number,
    string | undefined,
  ][] = [
    ['GET', '/nothing', 404, undefined],
    ['POST', '/nothing', 404, undefined],
    ['OPTIONS', '/nothing', 404, undefined],
    ['GET', '/things', 404, undefined],
    ['GET', '/things/', 200, undefined],
    ['DELETE', '/things/a', 405, 'GET, HEAD, POST, OPTIONS'],
    ['PUT', '/things/a.npy?x=1', 405, 'GET, HEAD, POST, OPTIONS'],
    ['GET', '/lists', 405, 'POST, OPTIONS'],
    ['HEAD', '/lists', 405, 'POST, OPTIONS'],
    ['POST', '/wrong', 405, 'GET, HEAD, OPTIONS'],
    ['OPTIONS', '/wrong', 204, 'GET, HEAD, OPTIONS'],
    ['OPTIONS', '/lists?x=1', 204, 'POST, OPTIONS'],
  ];
  for (const [method, url, status, allow] of cases) {
    const response = await app.inject({ method, url });
    t.equal(response.statusCode, status, `${method} ${url}`);
    t.equal(response.headers.allow, allow, `${method} ${url}`);
    if (method === 'HEAD' || status === 204) t.equal(response.body, '', `${method} ${url} has no body`);
    else if (status >= 400) t.equal(response.json().status, status);
  }
  const put = await app.inject({
    method: 'PUT',
    url: '/wrong',
    headers: { 'content-type': 'text/css' },
    payload: 'a{}',
  });
  t.equal(put.statusCode, 405, 'before the body is looked at');
});

t.test('a body that is no JSON is 400, one of another type 415, one that is too large 413', async (t) => {
  const app = makeService(t, { POSENC_MAX_BODY_BYTES: '1024' }, routes);
  const json = { 'content-type': 'application/json' };
  const cases: [Record<string, string>, string | Buffer, number, string][] = [
    [json, '{"a":1}', 200, ''],
    [{ 'content-type': 'application/json; charset=utf-8' }, '{"a":1}', 200, ''],
    [json, '{"a":', 400, 'bad_json'],
    [json, '', 400, 'bad_json'],
    [json, '\ufeff{}', 200, ''],
    [json, Buffer.from([0x22, 0xff, 0x22]), 400, 'bad_json'],
    [json, 'NaN', 400, 'bad_json'],
    [json, '{"a":1,"a":2}', 422, 'invalid_parameters'],
    [json, '{"__proto__":{"x":1}}', 422, 'invalid_parameters'],
    [json, '{"\\u005f_proto_\\u005f":{"x":1}}', 422, 'invalid_parameters'],
    [json, `${'['.repeat(400)}${']'.repeat(400)}`, 422, 'invalid_parameters'],
    [json, `"${'x'.repeat(2000)}"`, 413, 'body_too_large'],
    [{ 'content-type': 'text/plain' }, 'x', 415, 'unsupported_media_type'],
    [{ 'content-type': 'nonsense' }, 'x', 415, 'unsupported_media_type'],
    [{}, 'x', 415, 'unsupported_media_type'],
    [{ ...json, 'content-encoding': 'gzip' }, '{}', 415, 'unsupported_media_type'],
    [{ ...json, 'content-length': '9' }, '{}', 400, 'bad_request'],
  ];
  for (const [headers, payload, status, code] of cases) {
    const response = await app.inject({ method: 'POST', url: '/lists', headers, payload });
    const name = `${JSON.stringify(headers)} ${String(payload).slice(0, 30)}`;
    t.equal(response.statusCode, status, name);
    if (status >= 400) t.match(response.json(), { code, status, instance: '/lists' }, name);
  }
});

t.test('a URL that cannot be read is 400, one that is too long 414', async (t) => {
  const app = makeService(t, {}, routes);
  for (const url of ['/%zz', '/things/%', '/things/%ff', '/things/%c3%28']) {
    const response = await app.inject({ url, headers: { 'x-request-id': 'abc' } });
    t.equal(response.statusCode, 400, url);
    t.match(response.json(), { code: 'bad_url', instance: url, request_id: 'abc' });
    t.equal(response.headers['x-request-id'], 'abc');
  }
  const long = await app.inject({ url: `/things/a?x=${'1'.repeat(16_384)}` });
  t.equal(long.statusCode, 414);
  t.match(long.json(), { code: 'url_too_long', limit: 16_384, instance: '/things/a' });
  const segment = await app.inject({ url: `/nothing/${'1'.repeat(5000)}` });
  t.equal(segment.statusCode, 404);
  t.ok(segment.body.length < 4000, 'and is not sent back whole');
});

t.test('the instance is the path alone, as a URI reference', async (t) => {
  t.equal(instanceOf('/a/b?c=d'), '/a/b');
  t.equal(instanceOf('http://example.org/a?b'), '/a');
  t.equal(instanceOf('*'), '*');
  t.equal(instanceOf('/é<"\\'), '/%E9%3C%22%5C');
});
