import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { encodings } from '../../src/encodings/index.js';
import { type MakeBlock, sharedBlock } from '../../src/kernels/pool.js';
import { WasmEngine } from '../../src/kernels/wasm/engine.js';
import type { ThreadPool } from '../../src/threads/pool.js';
import { until } from '../http/service.js';
import { compute, encodingNamed, type Params, plan, tables } from '../support/tables.js';
import { makePool, readAll } from '../support/threads.js';

/** A module that dies at once when a thread runs it. */
const stillborn = new URL('data:text/javascript,throw new Error("stillborn")');

async function sameAsHere(
  t: { ok(value: unknown, message: string): void },
  pool: ThreadPool,
  id: string,
  params: Params,
  makeBlock = sharedBlock,
) {
  const there = await readAll(pool, plan(id, params).table, makeBlock);
  for (const [name, { bytes }] of compute(id, params)) {
    t.ok(there.get(name)?.equals(bytes), `${id} ${JSON.stringify(params)} ${name}`);
  }
}

t.test('threads compute the bytes of the event loop, for the examples of every encoding', async (t) => {
  const pool = makePool(t, 2);
  for (const { id, examples } of encodings) {
    for (const { params } of examples) {
      if (plan(id, params).table.elements < 2e5) await sameAsHere(t, pool, id, params);
    }
  }
  await sameAsHere(t, pool, 't5-buckets', {
    num_buckets: 4,
    query_length: 9,
    key_length: 16,
    weights: [[1], [-0], [0.5], [7]],
  });
  t.equal(pool.pending, 0);
});

t.test('a thread that dies is replaced, and its jobs are done by others', async (t) => {
  const deaths: string[] = [];
  const pool = makePool(t, 2, { onDeath: (reason) => deaths.push(reason) });
  const params = { head_dim: 64, length: 2048, profile: 'exact', dtype: 'f64' };
  for (let i = 0; i < 4; i++) {
    const running = [0, 1, 2].map((j) =>
      sameAsHere(t, pool, 'rope', { ...params, start: (3 * i + j) * 4096 }),
    );
    await running[0];
    await pool.workers[0]?.terminate();
    await Promise.all(running);
  }
  t.equal(deaths.length, 4);
  t.equal(pool.workers.length, 2);
  t.equal(pool.pending, 0);
});

t.test('threads fill blocks of the WebAssembly engine where they are, and others too', async (t) => {
  const engine = await WasmEngine.start();
  const pool = makePool(t, 2, { engine });
  const blocks = Array.from({ length: 4 }, () => engine.block(2 ** 20));
  const inEngine: MakeBlock = (bytes) => {
    const block = blocks.shift();
    if (!block) throw new Error('more blocks than jobs');
    blocks.push(block);
    return block.fill(0xa5).subarray(0, bytes);
  };
  for (const makeBlock of [inEngine, sharedBlock]) {
    await sameAsHere(t, pool, 'rope', { head_dim: 96, length: 2000, layout: 'packed', start: 77 }, makeBlock);
    await sameAsHere(
      t,
      pool,
      'rope',
      { head_dim: 66, length: 900, layout: 'packed', profile: 'exact' },
      makeBlock,
    );
    await sameAsHere(t, pool, 'alibi-bias', { num_heads: 12, key_length: 99, dtype: 'bf16' }, makeBlock);
    await sameAsHere(t, pool, 't5-buckets', { query_length: 99, key_length: 301 }, makeBlock);
  }
  t.ok(engine.memory.grow(0) > 0);
  const pages = engine.memory.grow(0);
  for (let i = 0; i < 3; i++) {
    await pool.workers[0]?.terminate();
    await sameAsHere(t, pool, 'rope', { head_dim: 96, length: 500, layout: 'packed', start: i }, inEngine);
  }
  t.equal(engine.memory.grow(0), pages, 'a thread takes over the share of the one before');
});

t.test('where no thread can live the event loop computes', async (t) => {
  const deaths: string[] = [];
  const pool = makePool(t, 2, { onDeath: (reason) => deaths.push(reason), entry: stillborn });
  await sameAsHere(t, pool, 'rope', { head_dim: 32, length: 64 });
  t.match(deaths[0], 'stillborn');
  await until(() => pool.workers.length === 0);
  await sameAsHere(t, pool, 'rope', { head_dim: 16, length: 64 });
});

t.test('threads come back when what killed them is over', async (t) => {
  const flag = join(t.testdir(), 'alive');
  const thread = new URL('../../src/threads/thread.js', import.meta.url).href;
  const code = `import { existsSync } from 'node:fs';
    if (!existsSync(${JSON.stringify(flag)})) throw new Error('stillborn');
    await import(${JSON.stringify(thread)});`;
  const deaths: string[] = [];
  const entry = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
  const pool = makePool(t, 2, { entry, onDeath: (reason) => deaths.push(reason) });
  await until(() => pool.workers.length === 0);
  t.ok(deaths.length >= 3, `${deaths.length} deaths`);
  writeFileSync(flag, '');
  await until(() => pool.workers.length === 2);
  await sameAsHere(t, pool, 'rope', { head_dim: 32, length: 64 });
  await pool.workers[0]?.terminate();
  await until(() => pool.workers.length === 2);
  t.equal(pool.pending, 0);
});

t.test('tables take turns', async (t) => {
  const pool = makePool(t, 1);
  const [long, short] = [10_000, 20_000].map((rope_theta) => {
    const { table } = plan('rope', { head_dim: 64, length: 65_536, rope_theta });
    return pool.open(table, tables.reader(table));
  });
  const done: string[] = [];
  const ask = (name: string, reader: typeof long, job: number) =>
    reader
      ?.read(0, job * 8192, 8192, new Uint8Array(new SharedArrayBuffer(65_536)))
      .then(() => done.push(`${name} ${job}`));
  const jobs = [...[0, 1, 2, 3, 4, 5].map((job) => ask('long', long, job)), ask('short', short, 0)];
  await Promise.all(jobs);
  t.ok(done.indexOf('short 0') <= 3, done.join(', '));
  long?.close();
  short?.close();
});

t.test('closing a table gives up what waits', async (t) => {
  const pool = makePool(t, 1);
  const { table } = plan('rope', { head_dim: 64, length: 65_536 });
  const reader = pool.open(table, tables.reader(table));
  const jobs = Array.from({ length: 8 }, (_, job) =>
    reader.read(0, job * 8192, 8192, new Uint8Array(new SharedArrayBuffer(65_536))),
  );
  const settled = Promise.allSettled(jobs);
  reader.close();
  const given = (await settled).filter(({ status }) => status === 'rejected').length;
  t.ok(given >= 6, `${given} of 8`);
  t.equal(pool.pending, 0);
});

t.test('threads know the registry and nothing else', (t) => {
  const pool = makePool(t, 0);
  const rope = encodingNamed('rope');
  t.equal(pool.knows(rope), false, 'no thread, no knowledge');
  const one = makePool(t, 1);
  t.equal(one.knows(rope), true);
  t.equal(one.knows({ ...rope, id: 'toy' }), false);
  t.end();
});
