import t from 'tap';
import { listen, makeService } from '../http/service.js';
import { posenc } from '../support/command-line.js';

t.test('a ready service is 0, whether the place comes from flags or from variables', async (t) => {
  const app = makeService(t, { POSENC_BASE_PATH: '/tables' });
  const port = String(await listen(app));
  const flags = await posenc(['health', '--port', port, '--base-path', '/tables']);
  t.same([flags.code, flags.stderr], [0, '']);
  const variables = await posenc(['health'], { env: { PORT: port, POSENC_BASE_PATH: '/tables' } });
  t.same([variables.code, variables.stderr], [0, '']);
  const both = await posenc(['health', '--port', port], { env: { PORT: '1', POSENC_BASE_PATH: '/tables' } });
  t.equal(both.code, 0, 'a flag wins over its variable');
  const everywhere = await posenc(['health', '--port', port, '--base-path=/tables', '--host', '0.0.0.0']);
  t.equal(everywhere.code, 0, 'a service that listens on all addresses is asked on this machine');
});

t.test('a service that starts or drains is 1, with the status it answered', async (t) => {
  const app = makeService(t);
  const port = String(await listen(app));
  const url = `http://127.0.0.1:${port}/readyz`;
  const done = app.context.lifecycle.begin('self-test');
  const starting = await posenc(['health', '--port', port]);
  t.same([starting.code, starting.stderr], [1, `posenc health: ${url} answered 503\n`]);
  done();
  t.equal((await posenc(['health', '--port', port])).code, 0);
  app.context.lifecycle.drain();
  const draining = await posenc(['health', '--port', port]);
  t.same([draining.code, draining.stderr], [1, `posenc health: ${url} answered 503\n`]);
});

t.test('a service that is not there is 1, with the reason', async (t) => {
  const app = makeService(t);
  const port = await listen(app);
  await app.close();
  const { code, stderr } = await posenc(['health', '--port', String(port)]);
  t.equal(code, 1);
  const url = `http://127.0.0.1:${port}/readyz`;
  t.equal(stderr, `posenc health: ${url} did not answer: connect ECONNREFUSED 127.0.0.1:${port}\n`);
});
