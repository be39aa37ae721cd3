import { createHash } from 'node:crypto';
import t from 'tap';
import { registerRoutes } from '../../routes/index.js';
import { revision } from '../../src/revision.js';
import { listen, makeService } from '../http/service.js';

t.test('digest=sha-256 answers the digest of the file, on first and later requests', async (t) => {
  const port = await listen(makeService(t, {}, { routes: registerRoutes }));
  for (const file of ['alibi-slopes.npy?num_heads=8', 'rope.npz?head_dim=64&length=3000']) {
    const url = `http://127.0.0.1:${port}/v1/tables/${file}`;
    const whole = await fetch(url);
    const bytes = Buffer.from(await whole.arrayBuffer());
    const expected = {
      'sha-256': createHash('sha256').update(bytes).digest('hex'),
      bytes: bytes.length,
      etag: whole.headers.get('etag'),
      revision,
    };
    for (const time of ['first', 'second']) {
      const answer = await fetch(`${url}&digest=sha-256`);
      t.equal(answer.status, 200, `${file}, ${time}`);
      t.match(answer.headers.get('content-type'), /^application\/json/);
      t.same(await answer.json(), expected);
    }
  }
});

t.test('a digest of a negotiated URL says that Accept decided which file it is of', async (t) => {
  const app = makeService(t, {}, { routes: registerRoutes });
  const url = '/v1/tables/alibi-slopes?num_heads=8&digest=sha-256';
  const digests = await Promise.all(
    ['application/x-npy', 'application/octet-stream'].map((accept) =>
      app.inject({ url, headers: { accept } }),
    ),
  );
  for (const { headers } of digests) t.equal(headers.vary, 'Accept');
  t.not(digests[0]?.body, digests[1]?.body);
  const named = await app.inject(url.replace('?', '.npy?'));
  t.equal(named.headers.vary, undefined);
  t.equal(named.body, digests[0]?.body);
});
