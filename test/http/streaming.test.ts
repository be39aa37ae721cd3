import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import t from 'tap';
import { registerRoutes } from '../../routes/index.js';
import { blocksPerResponse } from '../../src/http/send.js';
import { nextTurn } from '../../src/pieces.js';
import { ThreadPool } from '../../src/threads/pool.js';
import { wholeOf } from '../support/files.js';
import { tables as offline, type Params, plan } from '../support/tables.js';
import { requestText as ask, Wire } from '../support/wire.js';
import { listen, makeService, recorder, until } from './service.js';

type Tap = Pick<typeof t, 'teardown'>;

/** As little memory as can be configured: four blocks of 64 KiB for everyone. */
const fourBlocks = { POSENC_BLOCK_BYTES: '65536', POSENC_POOL_BLOCKS: '4' };

/** The whole service on a port of its own, and what it has in use. */
async function start(t: Tap, env: Record<string, string> = {}, threads?: ThreadPool) {
  const { logger, lines } = recorder();
  const app = makeService(t, env, { routes: registerRoutes, logger, ...(threads && { threads }) });
  const port = await listen(app);
  lines.length = 0;
  const { pool, exchanges } = app.context;
  return {
    port,
    pool,
    exchanges,
    lines,
    allGivenBack: () => until(() => exchanges.running === 0 && pool.leased === 0),
  };
}

/** A path with its bytes, as the formats print them without a server. */
interface Table {
  readonly path: string;
  readonly bytes: () => Promise<Buffer>;
}

/** Files that were computed before. */
const known = new Map<string, Promise<Buffer>>();

function table(id: string, format: string, params: Params): Table {
  const file = plan(id, params, format);
  const path = file.canonicalUrl ?? '';
  const bytes = () => {
    const computed = known.get(path) ?? wholeOf(file, offline);
    known.set(path, computed);
    return computed;
  };
  return { path, bytes };
}

/** Rope tables of 8 MiB that differ in their numbers: more than the buffers of a connection hold. */
function largeTable(base: number): Table {
  return table('rope', 'safetensors', { head_dim: 128, rope_theta: base, length: 8192 });
}

/** A table that no connection holds, and that is never read to its end. */
const endless = '/v1/tables/rope.bin?head_dim=128&length=4194304&tensors=cos';

/** A response that nobody reads yet. */
async function open(
  t: Tap,
  port: number,
  path: string,
  headers: Record<string, string> = {},
): Promise<IncomingMessage> {
  const request = get({ host: '127.0.0.1', port, path, headers, agent: false });
  t.teardown(() => {
    request.destroy();
  });
  const [response] = await once(request, 'response');
  return response;
}

/** The body of a response; `pause` stands between any two pieces of it. */
async function readAll(response: IncomingMessage, pause?: () => Promise<void>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) {
    chunks.push(chunk);
    await pause?.();
  }
  return Buffer.concat(chunks);
}

t.test('two slow readers of large tables get the right bytes and leave a block for a third', async (t) => {
  const { port, pool, allGivenBack } = await start(t, fourBlocks);
  const tables = [largeTable(10_000), largeTable(500_000)];
  const readers = await Promise.all(tables.map(({ path }) => open(t, port, path)));
  // Whether one of them has a second block depends on who came first.
  await until(() => pool.leased >= 2);

  let most = 0;
  const pause = async () => {
    most = Math.max(most, pool.leased);
    await nextTurn();
  };
  const bodies = await Promise.all(readers.map((reader) => readAll(reader, pause)));
  t.ok(most >= 2 && most < pool.capacity, `${most} blocks`);
  for (const [i, { path, bytes }] of tables.entries()) t.ok(bodies[i]?.equals(await bytes()), path);
  await allGivenBack();
});

t.test('six readers share four blocks, and each gets its own bytes', async (t) => {
  const { port, allGivenBack } = await start(t, fourBlocks);
  const tables = [1, 2, 3].flatMap((base) => [
    table('rope', 'bin', { head_dim: 64, rope_theta: 1000 * base, length: 16_384, tensors: ['sin'] }),
    table('alibi-bias', 'npz', { num_heads: 8, query_length: 128 * base, key_length: 1024 }),
  ]);
  const bodies = await Promise.all(tables.map(async ({ path }) => readAll(await open(t, port, path))));
  for (const [i, { path, bytes }] of tables.entries()) t.ok(bodies[i]?.equals(await bytes()), path);
  await allGivenBack();
});

t.test('a reader for whom no block is left is served when another leaves', async (t) => {
  const { port, pool, exchanges, allGivenBack } = await start(t, fourBlocks);
  const leaver = await open(t, port, endless);
  await until(() => pool.leased === 2);
  const stayers = [await open(t, port, endless), await open(t, port, endless)];
  await until(() => pool.leased === pool.capacity);

  const { path, bytes } = largeTable(10_000);
  const waiting = open(t, port, path);
  await until(() => exchanges.running === 4);
  t.equal(pool.leased, pool.capacity);
  leaver.destroy();
  const body = await readAll(await waiting);
  t.ok(body.equals(await bytes()));
  await until(() => exchanges.running === 2 && pool.leased === 2);
  for (const stayer of stayers) stayer.destroy();
  await allGivenBack();
});

t.test('pipelined requests are answered in order, each with its own bytes', async (t) => {
  const { port, allGivenBack, lines } = await start(t, fourBlocks);
  const wire = await Wire.open(port);
  const [first, second] = [largeTable(10_000), largeTable(500_000)];
  wire.send(
    [
      ask('GET', first.path),
      ask('HEAD', second.path),
      ask('GET', '/v1/tables/alibi-slopes.json?num_heads=2'),
      ask('GET', second.path),
      ask('GET', second.path, { Range: 'bytes=-1000' }),
      ask('GET', first.path, { 'If-None-Match': '*' }),
      ask('GET', '/v1/tables/rope.npy?head_dim=x'),
      ask('GET', first.path, { Connection: 'close' }),
    ].join(''),
  );
  const [firstBytes, secondBytes] = await Promise.all([first.bytes(), second.bytes()]);
  const whole = await wire.answer();
  t.ok(whole.body.equals(firstBytes), 'a stream');
  const head = await wire.answer('HEAD');
  t.equal(head.headers['content-length'], String(secondBytes.length));
  t.match((await wire.answer()).body.toString(), '"encoding":"alibi-slopes"');
  t.ok((await wire.answer()).body.equals(secondBytes), 'a stream behind others');
  const part = await wire.answer();
  t.equal(part.status, 206);
  t.ok(part.body.equals(secondBytes.subarray(-1000)), 'a range');
  t.equal((await wire.answer()).status, 304);
  t.equal((await wire.answer()).status, 422);
  t.ok((await wire.answer()).body.equals(firstBytes), 'the last');
  await allGivenBack();
  t.equal(wire.unread, '');
  t.same(
    lines.map(({ status }) => status),
    [200, 200, 200, 200, 206, 304, 422, 200],
  );
});

t.test('threads compute what readers get, whoever leaves and whatever thread dies', async (t) => {
  const threads = new ThreadPool(2);
  const { port, allGivenBack } = await start(
    t,
    { POSENC_BLOCK_BYTES: '65536', POSENC_POOL_BLOCKS: '32' },
    threads,
  );
  const tables = [1, 2].flatMap((base) => [
    table('rope', 'bin', { head_dim: 64, rope_theta: 1000 * base, length: 16_384, tensors: ['sin'] }),
    table('rope', 'npz', { head_dim: 64, rope_theta: 3000 * base, length: 8192 }),
  ]);
  const bodies = tables.map(async ({ path }) => readAll(await open(t, port, path)));
  const leavers = await Promise.all([open(t, port, endless), open(t, port, endless)]);
  await threads.workers[0]?.terminate();
  for (const leaver of leavers) leaver.destroy();
  for (const [i, { path, bytes }] of tables.entries()) t.ok((await bodies[i])?.equals(await bytes()), path);
  await allGivenBack();
  await until(() => threads.pending === 0 && threads.workers.length === 2);
});

t.test('metrics tell what is in use, and that all of it comes back', async (t) => {
  const threads = new ThreadPool(1);
  const { port, pool, allGivenBack } = await start(t, {}, threads);
  const inUse = async () => {
    const text = String(await readAll(await open(t, port, '/metrics')));
    return ['http_requests_running', 'streams', 'pool_blocks_leased', 'thread_jobs', 'threads'].map((name) =>
      Number(new RegExp(`^posenc_${name} (\\d+)$`, 'm').exec(text)?.[1]),
    );
  };
  const reader = await open(t, port, endless);
  await until(() => pool.leased === blocksPerResponse && threads.pending === 0);
  t.same(await inUse(), [2, 1, blocksPerResponse, 0, 1]);
  reader.destroy();
  await allGivenBack();
  t.same(await inUse(), [1, 0, 0, 0, 1]);
});

t.test('a client that leaves within a body frees its blocks and is one line of the log', async (t) => {
  const { port, pool, exchanges, lines, allGivenBack } = await start(t);
  const reader = await open(t, port, endless);
  await until(() => pool.leased === blocksPerResponse);
  reader.destroy();
  await allGivenBack();
  t.equal([...exchanges.connections].length, 0);
  t.equal(lines.length, 1);
  t.match(lines[0], { status: 200, aborted: true, route: '/v1/tables/rope.:ext' });
  t.ok(Number(lines[0]?.bytes) > 65_536);
});

t.test('a client that leaves with requests in the queue frees everything too', async (t) => {
  const { port, pool, exchanges, lines, allGivenBack } = await start(t, {
    ...fourBlocks,
    POSENC_MAX_STREAMS: '3',
    POSENC_CLIENT_SHARE: '100',
  });
  const wire = await Wire.open(port);
  wire.socket.pause();
  wire.send(ask('GET', endless).repeat(2) + ask('GET', endless.replace('.bin', '.npz')));
  await until(() => pool.leased === 2 && exchanges.running === 3);
  wire.close();
  await allGivenBack();
  t.same(
    lines.map(({ status, aborted }) => [status, aborted]),
    [
      [200, true],
      [499, true],
      [499, true],
    ],
  );

  const next = await Promise.all([1, 2, 3].map(() => open(t, port, endless)));
  t.same(
    next.map(({ statusCode }) => statusCode),
    [200, 200, 200],
    'all three places are free again',
  );
});

t.test('who leaves within a long text, or while a digest is made, frees its place', async (t) => {
  const { port, exchanges, lines, allGivenBack } = await start(t, { POSENC_MAX_STREAMS: '1' });
  const long = 'head_dim=128&length=16384&tensors=cos';
  for (const [path, headers, status] of [
    [`/v1/tables/rope.csv?${long}`, {}, 200],
    [`/v1/tables/rope.json?${long}`, {}, 200],
    [`/v1/tables/rope.json?${long}&dtype=f64`, { 'Accept-Encoding': 'gzip' }, 200],
    [`${endless}&digest=sha-256`, {}, 499],
  ] as const) {
    lines.length = 0;
    const wire = await Wire.open(port);
    wire.socket.pause();
    wire.send(ask('GET', path, headers));
    await until(() => exchanges.running === 1);
    if (status === 200) {
      wire.socket.resume();
      await until(() => wire.unread !== '');
    }
    wire.close();
    await allGivenBack();
    t.equal(lines.length, 1, path);
    t.match(lines[0], { msg: 'request', status, aborted: true });
  }
});

t.test('the stall time-out ends a reader who reads nothing', async (t) => {
  const { port, pool, lines, allGivenBack } = await start(t, { POSENC_STALL_TIMEOUT_MS: '150' });
  const reader = await open(t, port, endless);
  await until(() => pool.leased === blocksPerResponse);
  await allGivenBack();
  t.equal(lines.length, 1);
  t.match(lines[0], { status: 200, aborted: true });
  await t.rejects(readAll(reader), { code: 'ECONNRESET' }, 'the reader can tell that the body is not whole');
});

t.test('one range of a table is answered with the same bytes of the whole', async (t) => {
  const { port } = await start(t, fourBlocks);
  const wire = await Wire.open(port);
  t.teardown(() => wire.close());
  for (const format of ['safetensors', 'npz'] as const) {
    const { path, bytes } = table('rope', format, { head_dim: 64, length: 1000 });
    const whole = await bytes();
    const size = whole.length;
    const ranges: [string, number, number][] = [
      ['bytes=0-0', 0, 1],
      ['bytes=0-99999', 0, 100_000],
      ['bytes=200001-300002', 200_001, 300_003],
      ['bytes=-5', size - 5, size],
      [`bytes=${size - 1}-`, size - 1, size],
      ['bytes=7-', 7, size],
      [`bytes=100-${size}0`, 100, size],
      [`bytes=-${size}0`, 0, size],
    ];
    for (const [range, start, end] of ranges) {
      wire.send(ask('GET', path, { Range: range }));
      const { status, headers, body } = await wire.answer();
      t.equal(status, 206, `${format} ${range}`);
      t.equal(headers['content-range'], `bytes ${start}-${end - 1}/${size}`);
      t.equal(headers['content-length'], String(end - start));
      t.equal(headers['accept-ranges'], 'bytes');
      t.ok(body.equals(whole.subarray(start, end)), 'the bytes');
    }
  }
});

t.test('who has read a part of an npz file spoils it for nobody', async (t) => {
  const { port, allGivenBack } = await start(t, fourBlocks);
  const wire = await Wire.open(port);
  t.teardown(() => wire.close());
  // Rows of 400 bytes: blocks of 64 KiB, and those of a small range, are cut at other places.
  const { path, bytes } = table('rope', 'npz', { head_dim: 100, length: 2048 });
  const whole = await bytes();
  wire.send(ask('GET', path, { Range: 'bytes=0-1165' }));
  t.ok((await wire.answer()).body.equals(whole.subarray(0, 1166)));
  const leaver = await open(t, port, path);
  await once(leaver, 'data');
  leaver.destroy();
  await allGivenBack();
  wire.send(ask('GET', path, { Range: 'bytes=-2000' }) + ask('GET', path).repeat(2));
  t.ok(
    (await wire.answer()).body.equals(whole.subarray(-2000)),
    'with checksums of data that it does not hold',
  );
  for (const which of ['whole', 'whole again']) t.ok((await wire.answer()).body.equals(whole), which);
  const readers = await Promise.all([1, 2, 3].map(() => open(t, port, path)));
  for (const reader of readers) t.ok((await readAll(reader)).equals(whole), 'at the same time');
});

t.test('what asks for no single range is answered with the whole, or 416', async (t) => {
  const { port } = await start(t);
  const wire = await Wire.open(port);
  t.teardown(() => wire.close());
  const { path, bytes } = table('t5-buckets', 'npy', { query_length: 100, key_length: 100 });
  const whole = await bytes();
  for (const range of ['bytes=0-9,20-29', 'bytes=9-0', 'bytes=', 'lines=0-9', 'bytes=a-b']) {
    wire.send(ask('GET', path, { Range: range }));
    const { status, headers, body } = await wire.answer();
    t.equal(status, 200, range);
    t.equal(headers['content-range'], undefined);
    t.ok(body.equals(whole), 'the bytes');
  }
  for (const range of [`bytes=${whole.length}-`, 'bytes=-0', `bytes=${'9'.repeat(40)}-, -0`]) {
    wire.send(ask('GET', path, { Range: range }));
    const { status, headers, body } = await wire.answer();
    t.equal(status, 416, range);
    t.equal(headers['content-range'], `bytes */${whole.length}`);
    t.equal(headers.etag, undefined);
    t.match(JSON.parse(body.toString()), { code: 'range_not_satisfiable', bytes: whole.length });
  }
  for (const [method, extension] of [
    ['HEAD', 'npy'],
    ['GET', 'csv'],
    ['GET', 'json'],
  ] as const) {
    wire.send(ask(method, path.replace('.npy', `.${extension}`), { Range: 'bytes=0-9' }));
    const { status, headers } = await wire.answer(method);
    t.equal(status, 200, `${method} ${extension}`);
    t.equal(headers['accept-ranges'], extension === 'npy' ? 'bytes' : 'none');
  }
});

t.test('If-Range, If-None-Match and If-Match decide by the entity tag', async (t) => {
  const { port, pool } = await start(t);
  const wire = await Wire.open(port);
  t.teardown(() => wire.close());
  const { path } = largeTable(10_000);
  wire.send(ask('HEAD', path));
  const { headers: known } = await wire.answer('HEAD');
  const etag = known.etag ?? '';
  t.match(etag, /^"[0-9a-f]{64}"$/);
  const other = `"${'0'.repeat(64)}"`;
  const cases: [string, Record<string, string>, number][] = [
    ['HEAD', { 'If-None-Match': `${other}, W/${etag}` }, 304],
    ['GET', { 'If-None-Match': etag, Range: 'bytes=0-1' }, 304],
    ['GET', { 'If-None-Match': other, Range: 'bytes=0-1' }, 206],
    ['GET', { 'If-Match': etag, Range: 'bytes=0-1' }, 206],
    ['GET', { 'If-Match': other, Range: 'bytes=0-1' }, 412],
    ['GET', { 'If-Match': `W/${etag}` }, 412],
    ['GET', { 'If-Range': etag, Range: 'bytes=0-1' }, 206],
    ['HEAD', { 'If-Range': other, Range: 'bytes=0-1' }, 200],
    ['GET', { 'If-Range': other, Range: 'bytes=0-1' }, 200],
    ['GET', { 'If-Range': `W/${etag}`, Range: 'bytes=0-1' }, 200],
  ];
  for (const [method, headers, expected] of cases) {
    wire.send(ask(method, path, headers));
    const { status, headers: got, body } = await wire.answer(method);
    t.equal(status, expected, `${method} ${JSON.stringify(headers)}`);
    if (status !== 412) t.equal(got.etag, etag);
    if (status === 304) t.equal(got['content-length'], undefined);
    if (status === 206) t.equal(body.length, 2);
    if (status === 200) t.equal(got['content-length'], known['content-length']);
  }
  t.equal(pool.leased, 0);
});

t.test('HEAD has the headers of GET and computes nothing', async (t) => {
  const { port, pool, lines } = await start(t);
  const wire = await Wire.open(port);
  t.teardown(() => wire.close());
  const constant = ({ date: _, 'server-timing': __, 'x-request-id': ___, ...rest }: Record<string, string>) =>
    rest;
  for (const { path } of [largeTable(10_000), table('alibi-slopes', 'npy', { num_heads: 8 })]) {
    wire.send(ask('HEAD', path) + ask('GET', path));
    const head = await wire.answer('HEAD');
    const whole = await wire.answer();
    t.same(constant(head.headers), constant(whole.headers));
    t.equal(whole.headers['content-length'], String(whole.body.length));
  }
  wire.send(ask('HEAD', endless));
  t.equal((await wire.answer('HEAD')).headers['content-length'], String(4_194_304 * 128 * 4));
  t.equal(pool.leased, 0);
  t.equal(lines.length, 5);
});

t.test(
  'beyond the limit of concurrent tables a large one waits, for a while; a small one does not',
  async (t) => {
    const { port, exchanges, allGivenBack } = await start(t, {
      POSENC_MAX_STREAMS: '1',
      POSENC_QUEUE_TIMEOUT_MS: '300',
      POSENC_TRUSTED_PROXIES: '127.0.0.1',
    });
    const other = { 'X-Forwarded-For': '192.0.2.1' };
    const reader = await open(t, port, endless);
    for (const [headers, status, code] of [
      [{}, 429, 'too_many_requests'],
      [other, 503, 'overloaded'],
    ] as const) {
      const refused = await open(t, port, endless, headers);
      t.equal(refused.statusCode, status);
      t.equal(refused.headers['retry-after'], '1');
      t.equal(refused.headers['content-type'], 'application/problem+json');
      t.equal(refused.headers.etag, undefined);
      t.match(JSON.parse(String(await readAll(refused))), { code, status, limit: 1, running: 1, queued: 1 });
    }
    for (const path of ['/v1/tables/alibi-slopes?num_heads=8', '/readyz']) {
      const response = await open(t, port, path);
      t.equal(response.statusCode, 200, path);
      response.resume();
    }
    await until(() => exchanges.running === 1);
    const waiting = open(t, port, endless, other);
    await until(() => exchanges.running === 2);
    reader.destroy();
    const next = await waiting;
    t.equal(next.statusCode, 200);
    next.destroy();
    await allGivenBack();
  },
);

t.test('who leaves while waiting takes no place', async (t) => {
  const { port, exchanges, lines, allGivenBack } = await start(t, { POSENC_MAX_STREAMS: '1' });
  const reader = await open(t, port, endless);
  const waiting = get({ host: '127.0.0.1', port, path: endless, agent: false });
  waiting.on('error', () => {});
  await until(() => exchanges.running === 2);
  waiting.destroy();
  await until(() => exchanges.running === 1);
  t.match(lines.at(-1), { status: 499, aborted: true });
  reader.destroy();
  await allGivenBack();
  const next = await open(t, port, endless);
  t.equal(next.statusCode, 200);
  next.destroy();
  await allGivenBack();
});

t.test('a response may take so many elements and no more', async (t) => {
  const { port } = await start(t, { POSENC_MAX_REQUEST_ELEMENTS: '65536' });
  const table = '/v1/tables/rope.bin?head_dim=128&length=513&tensors=cos';
  for (const path of [table, table.replace('.bin', '.json'), `${table}&digest=sha-256`]) {
    const refused = await open(t, port, path);
    t.equal(refused.statusCode, 422, path);
    t.match(JSON.parse(String(await readAll(refused))), {
      code: 'table_too_large',
      limit: 65_536,
      requested: 65_664,
      unit: 'elements',
    });
  }
  const part = await open(t, port, table, { Range: 'bytes=100-262243' });
  t.equal(part.statusCode, 206);
  t.equal((await readAll(part)).length, 262_144);
  const more = await open(t, port, table, { Range: 'bytes=100-262244' });
  t.equal(more.statusCode, 422);
  more.resume();
  const whole = await open(t, port, table.replace('513', '512'));
  t.equal((await readAll(whole)).length, 65_536 * 4);
});
