import t from 'tap';
import { makeService } from './service.js';

const preflight = { origin: 'https://a.example', 'access-control-request-method': 'POST' };

t.test('without configured origins no response speaks of CORS', async (t) => {
  const app = makeService(t);
  const response = await app.inject({ url: '/v1/limits', headers: { origin: 'https://a.example' } });
  t.same(
    Object.keys(response.headers).filter((name) => name.startsWith('access-control')),
    [],
  );
  const options = await app.inject({ method: 'OPTIONS', url: '/v1/limits', headers: preflight });
  t.equal(options.statusCode, 204);
  t.equal(options.headers.allow, 'GET, HEAD, OPTIONS');
  t.equal(options.headers['access-control-allow-origin'], undefined);
});

t.test('a configured origin may read responses and errors, another may not', async (t) => {
  const app = makeService(t, { POSENC_CORS_ORIGINS: 'https://a.example,https://b.example' });
  for (const [url, status] of [
    ['/v1/limits', 200],
    ['/nothing', 404],
  ] as const) {
    const response = await app.inject({ url, headers: { origin: 'https://a.example' } });
    t.equal(response.statusCode, status);
    t.equal(response.headers['access-control-allow-origin'], 'https://a.example', url);
    t.match(response.headers.vary, /Origin/, url);
    const exposed = String(response.headers['access-control-expose-headers']);
    for (const name of ['ETag', 'Content-Range', 'Accept-Ranges', 'Content-Length', 'Content-Disposition']) {
      t.ok(exposed.includes(name), name);
    }
    for (const name of [
      'Content-Location',
      'X-Tensor-Shape',
      'X-Tensor-Dtype',
      'X-Request-Id',
      'Server-Timing',
    ]) {
      t.ok(exposed.includes(name), name);
    }
  }
  const vary = (await app.inject({ url: '/v1/limits', headers: { origin: 'https://a.example' } })).headers
    .vary;
  t.equal(vary, 'Origin, Accept-Encoding');
  const other = await app.inject({ url: '/v1/limits', headers: { origin: 'https://c.example' } });
  t.equal(other.headers['access-control-allow-origin'], undefined);
});

t.test('a preflight is answered, a plain OPTIONS has Allow', async (t) => {
  const app = makeService(t, { POSENC_CORS_ORIGINS: 'https://a.example' });
  const response = await app.inject({ method: 'OPTIONS', url: '/v1/limits', headers: preflight });
  t.equal(response.statusCode, 204);
  t.equal(response.headers['access-control-allow-methods'], 'GET, HEAD, POST');
  t.equal(response.headers['access-control-max-age'], '600');
  const plain = await app.inject({ method: 'OPTIONS', url: '/v1/limits' });
  t.equal(plain.statusCode, 204);
  t.equal(plain.headers.allow, 'GET, HEAD, OPTIONS');
  t.equal((await app.inject({ method: 'OPTIONS', url: '/nothing' })).statusCode, 404);
  t.equal((await app.inject({ method: 'DELETE', url: '/v1/limits' })).statusCode, 405);
});

t.test('any origin is a star', async (t) => {
  const app = makeService(t, { POSENC_CORS_ORIGINS: '*' });
  const response = await app.inject({ url: '/livez' });
  t.equal(response.headers['access-control-allow-origin'], '*');
});
