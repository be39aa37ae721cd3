import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { wholeOf } from './support/files.js';
import { type LogLine, type ServiceProcess, startService } from './support/service-process.js';
import { plan, tables } from './support/tables.js';
import { CutShort, requestText, Wire } from './support/wire.js';

type Tap = Pick<typeof t, 'teardown'>;

/** 8 MiB: more than the buffers of a connection hold. */
const download = plan('rope', { head_dim: 128, length: 8192 });
/** Nobody waits for the end of this one. */
const endless = '/v1/tables/rope.bin?head_dim=128&length=4194304&tensors=cos';

interface Service extends ServiceProcess {
  readonly lines: readonly LogLine[];
}

/** A service that ends with the test. */
async function serve(t: Tap, env: Record<string, string>): Promise<Service> {
  const lines: LogLine[] = [];
  const service = await startService({ POSENC_BACKEND: 'js', ...env }, (line) => lines.push(line));
  t.teardown(() => {
    service.child.kill('SIGKILL');
  });
  return { ...service, lines };
}

/** Asks for a table and reads nothing of it beyond what is on its way. */
async function beginDownload(port: number, path: string): Promise<Wire> {
  const wire = await Wire.open(port);
  wire.send(requestText('GET', path));
  await once(wire.socket, 'data');
  wire.socket.pause();
  return wire;
}

/** The status of a request on a connection of its own; null where no connection is taken. */
async function statusOf(port: number, path: string): Promise<number | null> {
  const socket = connect(port, '127.0.0.1');
  const taken = await new Promise((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  });
  socket.destroy();
  if (!taken) return null;
  const wire = await Wire.open(port).catch(() => null);
  if (!wire) return null;
  wire.send(requestText('GET', path));
  const answer = await wire.answer().catch(() => null);
  wire.close();
  return answer?.status ?? null;
}

/** Asks again and again until the status is another one. */
async function statusAfter(port: number, path: string, status: number): Promise<number | null> {
  let now: number | null = status;
  while (now === status) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    now = await statusOf(port, path);
  }
  return now;
}

// Most of the time goes into starting processes.
t.jobs = 3;

t.test('after SIGTERM readiness is 503, and a running download finishes before the exit', async (t) => {
  const { child, port, exited, lines } = await serve(t, {
    POSENC_DRAIN_GRACE_MS: '1000',
    POSENC_DRAIN_DEADLINE_MS: '60000',
  });
  t.equal(await statusOf(port, '/readyz'), 200);
  const reader = await beginDownload(port, download.canonicalUrl ?? '');
  const idle = await Wire.open(port);
  idle.send(requestText('GET', '/v1/limits'));
  t.equal((await idle.answer()).status, 200);
  const silent = await Wire.open(port);
  const idleClosed = Promise.all([once(idle.socket, 'close'), once(silent.socket, 'close')]);

  child.kill('SIGTERM');
  t.equal(await statusAfter(port, '/readyz', 200), 503);
  t.equal(await statusOf(port, '/livez'), 200, 'it lives');
  t.equal(await statusOf(port, '/v1/limits'), 200, 'work that comes in the grace is done');

  await idleClosed;
  t.equal(child.exitCode, null, 'connections without a request are closed before');
  t.equal(await statusAfter(port, '/readyz', 503), null, 'no new connection after the grace');
  t.equal(child.exitCode, null, 'the download keeps the process');
  reader.socket.resume();
  const { status, body } = await reader.answer();
  t.equal(status, 200);
  t.ok(body.equals(await wholeOf(download, tables)), 'every byte is right');
  t.same(await exited, [0, null]);
  const told = lines.map(({ msg }) => msg);
  t.same(told.slice(-2), ['request', 'stopped'], told.join());
  t.notOk(told.includes('responses were cut at the deadline'));
});

t.test('a download that does not finish is cut at the deadline, and the exit is in order', async (t) => {
  const { child, port, exited, lines } = await serve(t, {
    POSENC_DRAIN_GRACE_MS: '20',
    POSENC_DRAIN_DEADLINE_MS: '300',
  });
  const readers = [await beginDownload(port, endless), await beginDownload(port, endless)];
  child.kill('SIGTERM');
  t.same(await exited, [0, null]);
  for (const reader of readers) {
    reader.socket.resume();
    await t.rejects(reader.answer(), CutShort, 'a body that was cut does not look whole');
  }
  t.match(
    lines.find(({ msg }) => msg === 'responses were cut at the deadline'),
    { cut: 2 },
  );
  const requests = lines.filter(({ msg }) => msg === 'request');
  t.equal(requests.length, 2);
  for (const request of requests) t.match(request, { status: 200, aborted: true });
});

t.test('a second SIGTERM ends the process at once', async (t) => {
  const { child, port, exited } = await serve(t, { POSENC_DRAIN_DEADLINE_MS: '600000' });
  const reader = await beginDownload(port, endless);
  child.kill('SIGTERM');
  t.equal(await statusAfter(port, '/readyz', 200), 503);
  child.kill('SIGTERM');
  t.same(await exited, [143, null]);
  reader.socket.resume();
  await t.rejects(reader.answer(), CutShort);
});
