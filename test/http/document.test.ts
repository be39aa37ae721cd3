import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { makeDocument, sendDocument } from '../../src/http/document.js';
import { makeService } from './service.js';

const value = { list: Array.from({ length: 100 }, (_, at) => at) };
const document = makeDocument(value);
const options = {
  routes: (app: ReturnType<typeof makeService>) => {
    app.get('/list', (request, reply) => sendDocument(request, reply, document));
  },
};

t.test('a document has a strong tag for each of its two forms', async (t) => {
  const app = makeService(t, {}, options);
  const plain = await app.inject({ url: '/list' });
  t.same(plain.json(), value);
  t.match(plain.headers, {
    etag: /^"[0-9a-f]{64}"$/,
    vary: 'Accept-Encoding',
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'public, max-age=3600',
    'accept-ranges': 'none',
  });
  t.equal(plain.headers['content-encoding'], undefined);

  const gzip = await app.inject({ url: '/list', headers: { 'accept-encoding': 'gzip' } });
  t.equal(gzip.headers['content-encoding'], 'gzip');
  t.equal(gzip.headers.etag, String(plain.headers.etag).replace(/"$/, '-gzip"'));
  t.equal(gzip.headers.vary, 'Accept-Encoding');
  t.equal(gunzipSync(gzip.rawPayload).toString(), plain.body);
  t.equal(gzip.headers['content-length'], String(gzip.rawPayload.length));
});

t.test('a document answers conditional requests and HEAD', async (t) => {
  const app = makeService(t, {}, options);
  const { etag } = document.plain;
  const get = (headers: Record<string, string>) => app.inject({ url: '/list', headers });

  const same = await get({ 'if-none-match': `W/${etag}` });
  t.equal(same.statusCode, 304);
  t.equal(same.body, '');
  t.equal(same.headers.etag, etag);
  t.equal(same.headers.vary, 'Accept-Encoding');
  t.equal(same.headers['content-type'], undefined);
  t.equal(
    (await get({ 'if-none-match': etag, 'accept-encoding': 'gzip' })).statusCode,
    200,
    'the other form',
  );
  t.equal((await get({ 'if-none-match': document.gzip.etag, 'accept-encoding': 'gzip' })).statusCode, 304);
  t.equal((await get({ 'if-match': etag })).statusCode, 200);

  const failed = await get({ 'if-match': '"x"' });
  t.equal(failed.statusCode, 412);
  t.equal(failed.json().code, 'precondition_failed');
  t.equal(failed.headers.etag, etag);

  const head = await app.inject({ method: 'HEAD', url: '/list' });
  t.equal(head.body, '');
  t.equal(head.headers['content-length'], String(document.plain.body.length));
  t.equal(head.headers.etag, etag);
});

t.test('the limits in force are a document', async (t) => {
  const app = makeService(t, { POSENC_MAX_TABLE_BYTES: '1000' });
  const response = await app.inject({ url: '/v1/limits' });
  const { limits } = response.json();
  t.ok(limits.length >= 15);
  for (const limit of limits) {
    t.same(Object.keys(limit), ['name', 'value', 'unit', 'reason']);
    t.ok(Number.isSafeInteger(limit.value), limit.name);
    t.match(limit.reason, /\.$/);
  }
  t.match(
    limits.find(({ name }: { name: string }) => name === 'table_bytes'),
    { value: 1000, unit: 'bytes' },
  );
});
