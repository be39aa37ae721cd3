import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../random.js';
import { CutShort, requestText, type Wire } from '../wire.js';
import { mediumTables, newTable, SoakTable, smallTables, vastTables } from './tables.js';
import type { Visit } from './visit.js';

/** One kind of client. */
export interface Act {
  readonly name: string;
  /** Clients that do it at the same time, again and again. */
  readonly clients: number;
  readonly run: (visit: Visit) => Promise<void>;
}

/** The stall time-out of the service that is soaked. */
export const stallMs = 4000;

/** Requests on one connection, one after the other. */
const perConnection = 40;

function get(wire: Wire, { path }: SoakTable, headers: Readonly<Record<string, string>> = {}): void {
  wire.send(requestText('GET', path, headers));
}

/** A table that many ask for, one that nobody has asked for before, or one that nobody reads to its end. */
function anyTable(random: Random): SoakTable {
  return random.pick([
    () => random.pick(mediumTables),
    () => newTable(random),
    () => random.pick(vastTables),
  ])();
}

/** A table that can be read to its end. */
function readableTable(random: Random): SoakTable {
  return random.chance(0.5) ? random.pick(mediumTables) : newTable(random);
}

/** A range of a few bytes, of some, or of up to a mebibyte. */
function rangeIn(bytes: number, random: Random): { start: number; end: number } {
  const length = 1 + random.below(Math.min(bytes, random.pick([16, 4096, 65_537, 2 ** 20])));
  const start = Math.floor(random.next() * (bytes - length + 1));
  return { start, end: start + length };
}

/** Asks again and again, but not on a connection that the service may be about to close. */
async function repeat(visit: Visit, run: (wire: Wire) => Promise<void>): Promise<void> {
  await visit.connected(async (wire) => {
    for (let i = 0; i < perConnection && !visit.over && wire.silentMs < stallMs / 2; i++) await run(wire);
  });
}

const small: Act = {
  name: 'small tables',
  clients: 3,
  run: (visit) =>
    repeat(visit, async (wire) => {
      const { random } = visit;
      const table = random.chance(0.7)
        ? random.pick(smallTables)
        : new SoakTable('rope', { head_dim: 16, length: 4, rope_theta: 1 + random.below(1_000_000) }, 'json');
      get(wire, table, random.chance(0.3) ? { 'Accept-Encoding': 'gzip' } : {});
      await visit.whole(wire, table);
    }),
};

const notModified: Act = {
  name: 'not modified',
  clients: 2,
  run: (visit) =>
    repeat(visit, async (wire) => {
      const { random } = visit;
      const table = random.chance(0.5) ? random.pick(smallTables) : random.pick(vastTables);
      const method = random.pick(['GET', 'HEAD']);
      wire.send(requestText(method, table.path, { 'If-None-Match': `"other", W/${table.etag}` }));
      await visit.status(wire, 304, table.name, method);
    }),
};

const ranges: Act = {
  name: 'ranges',
  clients: 3,
  run: (visit) =>
    repeat(visit, async (wire) => {
      const { random } = visit;
      const table = anyTable(random);
      const { bytes } = table;
      if (bytes === null) return;
      if (random.chance(0.02)) {
        get(wire, table, { Range: `bytes=${bytes}-` });
        await visit.status(wire, 416, table.name);
        return;
      }
      const { start, end } = rangeIn(bytes, random);
      get(wire, table, { Range: `bytes=${start}-${end - 1}`, 'If-Range': table.etag });
      await visit.part(wire, table, start, end);
    }),
};

const downloads: Act = {
  name: 'downloads',
  clients: 3,
  run: (visit) =>
    visit.connected(async (wire) => {
      const table = visit.random.chance(0.2) ? visit.random.pick(vastTables) : readableTable(visit.random);
      get(wire, table);
      // No vast table is read to its end, lest nothing else were.
      const most = table.isVast ? 2 ** 28 : Number.POSITIVE_INFINITY;
      await visit.stream(wire, table, (bytes) => bytes < most && !visit.over);
    }),
};

const slowReaders: Act = {
  name: 'slow readers',
  clients: 8,
  run: (visit) =>
    visit.connected(async (wire) => {
      const { random } = visit;
      const table = anyTable(random);
      const pauseMs = random.pick([5, 20, 50]);
      const until = performance.now() + 8000;
      get(wire, table);
      await visit.stream(wire, table, async () => {
        wire.socket.pause();
        await sleep(pauseMs);
        wire.socket.resume();
        return performance.now() < until && !visit.over;
      });
    }),
};

/** Until a connection that nobody reads is closed: after its buffers are full, and that may take a while. */
const cutMs = 15 * stallMs;

const stoppedReaders: Act = {
  name: 'stopped readers',
  clients: 6,
  run: (visit) =>
    visit.connected(async (wire) => {
      const table = visit.random.pick(vastTables);
      const stays = visit.random.chance(0.3);
      const until = performance.now() + (stays ? cutMs : visit.random.below(stallMs));
      let resumedAt = 0;
      get(wire, table);
      const reading = visit.stream(wire, table, async (bytes) => {
        // What was on its way.
        if (resumedAt > 0) return bytes < resumedAt + 2 ** 26;
        wire.socket.pause();
        while (performance.now() < until && !visit.over) await sleep(50);
        wire.socket.resume();
        resumedAt = bytes;
        return stays && !visit.over;
      });
      if (!stays) return reading;
      try {
        await reading;
        if (!visit.over) visit.find('a stopped reader is not cut off', table.name);
      } catch (error) {
        if (!(error instanceof CutShort)) throw error;
      }
    }, 2 * cutMs),
};

const leavers: Act = {
  name: 'leaving within a body',
  clients: 3,
  run: (visit) =>
    visit.connected(async (wire) => {
      const { random } = visit;
      const table = anyTable(random);
      const most = random.pick([1, 65_536, 2 ** 20, 2 ** 23]);
      get(wire, table);
      await visit.stream(wire, table, (bytes) => bytes < most && !visit.over);
      if (random.chance(0.5)) wire.socket.resetAndDestroy();
    }),
};

/** A request with what its answer must be. */
interface Asked {
  readonly text: string;
  readonly read: (wire: Wire) => Promise<void>;
}

function anyRequest(visit: Visit): Asked {
  const { random } = visit;
  const table = readableTable(random);
  const { path, bytes, name } = table;
  const asked: (() => Asked)[] = [
    () => ({ text: requestText('GET', path), read: (wire) => visit.whole(wire, table) }),
    () => ({
      text: requestText('HEAD', path),
      read: (wire) => visit.status(wire, 200, name, 'HEAD'),
    }),
    () => ({
      text: requestText('GET', path, { 'If-None-Match': '*' }),
      read: (wire) => visit.status(wire, 304, name),
    }),
    () => ({
      text: requestText('GET', '/v1/tables/rope.npy?head_dim=x'),
      read: (wire) => visit.status(wire, 422, 'head_dim=x'),
    }),
    () => {
      const other = random.pick(smallTables);
      return { text: requestText('GET', other.path), read: (wire) => visit.whole(wire, other) };
    },
    () => {
      const { start, end } = rangeIn(bytes ?? 1, random);
      if (bytes === null)
        return { text: requestText('HEAD', path), read: (wire) => visit.status(wire, 200, name, 'HEAD') };
      return {
        text: requestText('GET', path, { Range: `bytes=${start}-${end - 1}` }),
        read: (wire) => visit.part(wire, table, start, end),
      };
    },
  ];
  return random.pick(asked)();
}

const pipelined: Act = {
  name: 'pipelined',
  clients: 2,
  run: (visit) =>
    visit.connected(async (wire) => {
      const requests = Array.from({ length: 2 + visit.random.below(5) }, () => anyRequest(visit));
      // Some leave before the last answer has come.
      const wanted = visit.random.chance(0.3) ? visit.random.below(requests.length) : requests.length;
      wire.send(requests.map(({ text }) => text).join(''));
      for (const { read } of requests.slice(0, wanted)) await read(wire);
    }),
};

/** Parameters that no URL would hold, or that only a body may supply. */
function supplied(random: Random): SoakTable {
  if (random.chance(0.5)) {
    const positions = Array.from({ length: 500 }, () => random.below(2 ** 22) + random.pick([0, 0.5]));
    return new SoakTable('rope', { head_dim: 64, profile: 'exact', positions }, 'safetensors');
  }
  const [buckets, heads] = [32, 1 + random.below(8)];
  const weights = Array.from({ length: buckets }, () => Array.from({ length: heads }, () => random.next()));
  const size = { query_length: 64 + random.below(200), key_length: 256 };
  return new SoakTable('t5-buckets', { ...size, num_buckets: buckets, weights, dtype: 'f32' }, 'npz');
}

const posts: Act = {
  name: 'POST',
  clients: 1,
  run: (visit) =>
    repeat(visit, async (wire) => {
      const { random } = visit;
      const table = random.chance(0.5) ? supplied(random) : newTable(random);
      const headers = { 'Content-Type': 'application/json' };
      wire.send(requestText('POST', table.postPath, headers, JSON.stringify(table.params)));
      await visit.whole(wire, table);
    }),
};

const digests: Act = {
  name: 'digest=sha-256',
  clients: 1,
  run: (visit) =>
    repeat(visit, async (wire) => {
      const table = newTable(visit.random);
      wire.send(requestText('GET', `${table.path}&digest=sha-256`));
      const answer = await wire.answer();
      if (!visit.expect(answer, 200, table.name)) return;
      const digest = createHash('sha256')
        .update(await table.whole())
        .digest('hex');
      const told = JSON.parse(answer.body.toString())['sha-256'];
      if (told !== digest) visit.find('wrong byte', `the digest of ${table.name} is ${digest}, not ${told}`);
    }),
};

/** What a soak does, all at the same time. */
export const acts: readonly Act[] = [
  small,
  notModified,
  ranges,
  downloads,
  slowReaders,
  stoppedReaders,
  leavers,
  pipelined,
  posts,
  digests,
];
