import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import type { AppOptions } from '../../src/app.js';
import { drain } from '../../src/http/drain.js';
import { edgeRoutes, exchange, listen, makeService, rawClient, until } from './service.js';

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

/** A download that sends `pieces` bytes, one every 20 ms. */
function download(pieces: number): AppOptions {
  return {
    routes: (app, context) => {
      edgeRoutes(app, context);
      app.get('/work', () => ({ work: true }));
      app.get('/download', (_request, reply) => {
        reply.hijack();
        reply.raw.writeHead(200, { 'Content-Length': pieces });
        let sent = 0;
        const timer = setInterval(() => {
          reply.raw.write('x');
          if (++sent === pieces) {
            clearInterval(timer);
            reply.raw.end();
          }
        }, 20);
        reply.raw.once('close', () => clearInterval(timer));
      });
    },
  };
}

t.test('probes tell where the service stands', async (t) => {
  const app = makeService(t, {}, download(1));
  const { lifecycle } = app.context;
  const probe = async (url: string) => app.inject({ url });
  const done = lifecycle.begin('self-test');
  const starting = await probe('/readyz');
  t.equal(starting.statusCode, 503);
  t.match(starting.json(), { state: 'starting', waiting_for: ['self-test'] });
  t.equal(starting.headers['content-type'], 'application/problem+json');
  t.equal((await probe('/livez')).statusCode, 200);
  t.equal((await probe('/work')).statusCode, 200);
  done();
  t.equal((await probe('/readyz')).statusCode, 200);
  t.match((await probe('/healthz')).json(), { status: 'ready', requests_running: 1, node: process.version });
  lifecycle.drain();
  const draining = await probe('/readyz');
  t.equal(draining.statusCode, 503);
  t.equal(draining.json().code, 'shutting_down');
  t.equal(draining.headers.connection, 'close');
  t.equal((await probe('/livez')).statusCode, 200);
  t.equal((await probe('/work')).statusCode, 200, 'work that comes in the grace is done');
  lifecycle.close();
  const refused = await probe('/work');
  t.equal(refused.statusCode, 503);
  t.match(refused.json(), { code: 'shutting_down' });
  t.equal(refused.headers['retry-after'], '1');
  t.equal((await probe('/healthz')).json().status, 'closing');
  t.equal((await probe('/livez')).statusCode, 200);
});

t.test('a running download finishes, idle connections and new ones do not', async (t) => {
  const app = makeService(t, {}, download(20));
  const port = await listen(app);
  const { exchanges, lifecycle } = app.context;
  const running = rawClient(port, get('/download'));
  const idle = rawClient(port, get('/work'));
  const silent = rawClient(port, '');
  await until(() => running.received().includes('x') && idle.received().includes('true'));
  const stopped = drain(app, exchanges, lifecycle, { graceMs: 50, deadlineMs: 5000 });
  t.match(await exchange(port, get('/readyz')), /^HTTP\/1\.1 503 /, 'connections are taken in the grace');
  await Promise.all([idle.closed, silent.closed]);
  t.ok(!running.received().endsWith('x'.repeat(20)), 'closed before the download was through');
  t.equal(await exchange(port, get('/work')), '', 'no new connection');
  t.equal(await stopped, 0);
  t.match(await running.closed, /x{20}$/);
});

t.test('a response that has been ended and waits for its reader finishes too', async (t) => {
  const length = 2 ** 24;
  const app = makeService(t, {}, { routes: (app) => void app.get('/', () => Buffer.alloc(length, 'x')) });
  const port = await listen(app);
  const { exchanges, lifecycle } = app.context;
  const running = rawClient(port, get('/'));
  await until(() => running.received().includes('x'));
  running.socket.pause();
  const stopped = drain(app, exchanges, lifecycle, { graceMs: 0, deadlineMs: 60_000 });
  await new Promise((resolve) => setTimeout(resolve, 100));
  running.socket.resume();
  t.equal(await stopped, 0);
  const received = await running.closed;
  t.equal(received.length - received.indexOf('\r\n\r\n') - 4, length);
});

t.test('what runs at the deadline is cut', async (t) => {
  const app = makeService(t, {}, download(1000));
  const port = await listen(app);
  const { exchanges, lifecycle } = app.context;
  const running = rawClient(port, get('/download'));
  await until(() => running.received().includes('x'));
  const started = performance.now();
  t.equal(await drain(app, exchanges, lifecycle, { graceMs: 10, deadlineMs: 200 }), 1);
  const took = performance.now() - started;
  t.ok(took >= 200 && took < 1000, `${took} ms`);
  t.notMatch(await running.closed, /x{1000}/);
});

const mainUrl = new URL('../../src/main.js', import.meta.url).href;
const configUrl = new URL('../../src/config.js', import.meta.url).href;
const encodingsUrl = new URL('../../src/encodings/index.js', import.meta.url).href;
const script = `
  import { serve } from ${JSON.stringify(mainUrl)};
  import { loadConfig } from ${JSON.stringify(configUrl)};
  import { encodings } from ${JSON.stringify(encodingsUrl)};
  await serve(loadConfig(process.env, []).config, encodings);
`;

/** The service in a process of its own. */
async function startProcess(t: Tap, env: Record<string, string>) {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    env: { PATH: process.env.PATH, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => {
    child.kill('SIGKILL');
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += String(text);
  });
  const exited = once(child, 'exit');
  while (!/http:[^"\s]+/.test(output)) await once(child.stdout, 'data');
  const port = Number(/:(\d+)/.exec(/http:[^"\s]+/.exec(output)?.[0] ?? '')?.[1]);
  return { child, exited, port, output: () => output };
}
type Tap = Pick<typeof t, 'teardown'>;

t.test('SIGTERM ends the process with 0, after three URLs to try and a line for each request', async (t) => {
  for (const format of ['json', 'pretty']) {
    const { child, exited, port, output } = await startProcess(t, {
      POSENC_LOG_FORMAT: format,
      POSENC_DRAIN_GRACE_MS: '20',
    });
    for (const path of ['/v1/tables/rope.npy', '/v1/tables/alibi-slopes', '/docs']) t.match(output(), path);
    t.match(
      await exchange(port, `GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`),
      /^HTTP\/1\.1 200 /,
    );
    child.kill('SIGTERM');
    t.same(await exited, [0, null], format);
    t.match(output(), /stopped/);
    t.match(output(), '/readyz');
  }
});

t.test('a second signal ends the process at once, with its number', async (t) => {
  const { child, exited } = await startProcess(t, {
    POSENC_DRAIN_GRACE_MS: '20000',
    POSENC_LOG_FORMAT: 'json',
  });
  child.kill('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 100));
  child.kill('SIGINT');
  t.same(await exited, [130, null]);
});
