import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { registerRoutes } from '../routes/index.js';
import { listen, makeService } from './http/service.js';
import { type Act, acts } from './support/soak/acts.js';
import { flatBytes, growth, type Resident } from './support/soak/memory.js';
import { describeSoak, runSoak } from './support/soak/run.js';
import { mediumTables } from './support/soak/tables.js';
import { requestText } from './support/wire.js';

type Tap = Pick<typeof t, 'teardown'>;

/** `npm run soak` as it is compiled, and what it has printed so far. */
function soak(t: Tap, minutes: number): { child: ChildProcess; printed: () => string } {
  const script = fileURLToPath(new URL('../scripts/soak.js', import.meta.url));
  const child = spawn(process.execPath, [script, '--minutes', String(minutes), '--seed', '1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => {
    child.kill();
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more) => {
    text += String(more);
  });
  return { child, printed: () => text };
}

t.test('a soak of seconds finds nothing, though threads are killed and clients leave', async (t) => {
  const { child, printed } = soak(t, 0.04);
  const [code] = await once(child, 'close');
  t.equal(code, 0, printed());
  t.match(printed(), /\nnothing found\n$/);
  t.match(printed(), / [1-9]\d* threads killed\n/);
  for (const { name } of acts) t.match(printed(), new RegExp(`\n  ${name} +[1-9]`), name);
});

t.test('a service that ends by itself ends the soak, and not well', async (t) => {
  const { child, printed } = soak(t, 10);
  while (!printed().includes('listens')) await once(child.stdout ?? child, 'data');
  process.kill(Number(/process (\d+) /.exec(printed())?.[1]), 'SIGKILL');
  const [code] = await once(child, 'close');
  t.equal(code, 1);
  t.match(printed(), 'the service ended with SIGKILL');
});

/** One table that takes a while. */
const downloads: Act = {
  name: 'downloads',
  clients: 3,
  run: (visit) =>
    visit.connected(async (wire) => {
      const table = mediumTables[0]!;
      wire.send(requestText('GET', table.path));
      await visit.stream(wire, table, () => true);
    }),
};

t.test('wrong bytes, refusals, cut bodies, leaked blocks and lost threads are found', async (t) => {
  // Three download where one may, and no thread lives.
  const app = makeService(t, { POSENC_MAX_STREAMS: '1', POSENC_MAX_QUEUED: '0' }, { routes: registerRoutes });
  const { pool, tables } = app.context;
  const reader = tables.reader.bind(tables);
  t.intercept(tables, 'reader', {
    value: (table: Parameters<typeof reader>[0]) => {
      const read = reader(table);
      let reads = 0;
      return (...[tensor, first, count, out]: Parameters<typeof read>) => {
        if (++reads === 8) throw new Error('planted');
        read(tensor, first, count, out);
        out[0] = out[0]! ^ 1;
      };
    },
  });
  const release = pool.release.bind(pool);
  let releases = 0;
  t.intercept(pool, 'release', {
    value: (block: Parameters<typeof release>[0]) => {
      if (++releases > 2) release(block);
    },
  });
  const report = await runSoak({
    port: await listen(app),
    seed: 1,
    seconds: 2,
    kill: async () => false,
    acts: [...acts.filter(({ name }) => name === 'small tables'), downloads],
    quietMs: 500,
  });
  const text = describeSoak(report);
  t.match(text, /\n {2}wrong byte \(.*\): byte \d+ of \/v1\/tables\//);
  t.match(text, /\n {2}unexpected status \(.*\): 429 with Retry-After 10 instead of 200: \/v1\/tables\//);
  t.match(text, /\n {2}a body cut short \(.*\): the connection ended \d+ bytes before the end/);
  t.match(text, 'a leak: posenc_pool_blocks_leased is 2 and not 0');
  t.match(text, 'a leak: posenc_threads is NaN and not 2');
  t.match(text, /\nnot as it should be$/);
});

t.test('memory is flat where it goes up and down, and grows where it only goes up', async (t) => {
  const mebibyte = 2 ** 20;
  /** Ten minutes of samples, in MiB. */
  const samples = (mebibytes: (seconds: number) => number): Resident[] =>
    Array.from({ length: 600 }, (_, seconds) => ({ seconds, bytes: mebibytes(seconds) * mebibyte }));
  const collected = (seconds: number) => 300 + (seconds % 47);
  t.ok((growth(samples(collected)) ?? flatBytes) < flatBytes / 4, 'what is collected from time to time');
  t.ok((growth(samples((s) => Math.min(s, 150) + collected(s))) ?? flatBytes) < flatBytes / 4, 'a warm-up');
  const leaking = growth(samples((s) => s / 10 + collected(s))) ?? 0;
  t.ok(leaking > flatBytes && leaking < 44 * mebibyte, '6 MiB a minute, of which two thirds are 40 MiB');
  t.equal(growth(samples(collected).slice(0, 59)), null, 'less than a minute is no measurement');
});
