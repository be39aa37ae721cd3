import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { PosencError } from '../../src/errors.js';
import { Admission, type Cost, type Ticket } from '../../src/http/admission.js';

const limits = {
  streams: 4,
  elements_in_flight: 1000,
  bytes_in_flight: 4000,
  client_share: 75,
  queued: 4,
  queue_ms: 10_000,
};
const small: Cost = { elements: 1, bytes: 4 };
const forever = new AbortController().signal;

/** A gate, and who was let in, in order. */
function gate(own: Partial<typeof limits> = {}) {
  const admission = new Admission({ ...limits, ...own });
  const inside: [string, Ticket][] = [];
  const refused: [string, PosencError][] = [];
  const ask = (name: string, cost = small, signal = forever) =>
    admission.admit(name.split(' ')[0] ?? '', cost, signal).then(
      (ticket) => inside.push([name, ticket]),
      (error) => refused.push([name, error]),
    );
  const names = async () => {
    await sleep(0);
    return inside.map(([name]) => name);
  };
  const release = (name: string) => inside.find(([known]) => known === name)?.[1].release();
  return { admission, inside, refused, ask, names, release };
}

const idle = { streams: 0, elements: 0, bytes: 0, queued: 0 };

t.test('a client has its share, and others the rest', async (t) => {
  const { ask, names, release, admission } = gate();
  for (const name of ['a 1', 'a 2', 'a 3', 'a 4', 'b 1']) void ask(name);
  t.same(await names(), ['a 1', 'a 2', 'a 3', 'b 1'], 'three of four streams are 75 percent');
  t.equal(admission.state.queued, 1);
  release('b 1');
  t.same(await names(), ['a 1', 'a 2', 'a 3', 'b 1'], 'what others leave is not for who has its share');
  release('a 2');
  t.same((await names()).slice(4), ['a 4']);
  for (const name of ['a 1', 'a 3', 'a 4']) release(name);
  t.same(admission.state, idle);
});

t.test('clients take turns, each in the order of its requests', async (t) => {
  const { ask, names, release } = gate({ streams: 1, client_share: 100, queued: 10 });
  for (const name of ['a 1', 'a 2', 'a 3', 'b 1', 'b 2', 'c 1']) void ask(name);
  const order: string[] = [];
  for (let i = 0; i < 6; i++) {
    const name = (await names())[i] ?? '';
    order.push(name);
    release(name);
  }
  t.same(order, ['a 1', 'a 2', 'b 1', 'c 1', 'a 3', 'b 2']);
});

t.test('elements and bytes are counted until they are behind us', async (t) => {
  for (const [limit, cost] of [
    ['elements', { elements: 700, bytes: 1 }],
    ['bytes', { elements: 1, bytes: 2800 }],
  ] as const) {
    const { ask, names, inside, admission } = gate();
    void ask('a 1', cost);
    void ask('b 1', cost);
    t.same(await names(), ['a 1'], limit);
    void ask('c 1');
    t.same(await names(), ['a 1'], 'a small one does not overtake');
    inside[0]?.[1].spend({ elements: 399, bytes: 1599 });
    t.same(await names(), ['a 1']);
    inside[0]?.[1].spend({ elements: 2, bytes: 20 });
    t.same(await names(), ['a 1', 'b 1', 'c 1']);
    inside[0]?.[1].spend({ elements: 1e9, bytes: 1e9 });
    for (const [, ticket] of inside) {
      ticket.release();
      ticket.release();
      ticket.spend(small);
    }
    t.same(admission.state, idle);
  }
});

t.test('what is larger than all limits is admitted alone', async (t) => {
  const { ask, names, release } = gate();
  void ask('a 1', { elements: 1e6, bytes: 1e6 });
  void ask('b 1');
  t.same(await names(), ['a 1']);
  release('a 1');
  t.same(await names(), ['a 1', 'b 1']);
});

t.test('a full queue refuses at once: 429 to who fills it, 503 to the others', async (t) => {
  const { ask, names, refused, admission } = gate();
  for (let i = 1; i <= 8; i++) void ask(`a ${i}`);
  t.same(await names(), ['a 1', 'a 2', 'a 3']);
  t.same(
    refused.map(([name, { code, status, headers, extras }]) => [name, code, status, headers, extras]),
    ['a 7', 'a 8'].map((name) => [
      name,
      'too_many_requests',
      429,
      { 'retry-after': '10' },
      { limit: 3, running: 3, queued: 4 },
    ]),
    'three run and three wait',
  );
  void ask('b 1');
  void ask('b 2');
  void ask('b 3');
  t.same(await names(), ['a 1', 'a 2', 'a 3', 'b 1']);
  t.match(refused.slice(2), [['b 3', { code: 'overloaded', status: 503, extras: { limit: 4, running: 4 } }]]);
  t.equal(admission.state.queued, 4);
});

t.test('without a queue there is room or there is not', async (t) => {
  const { ask, names, refused } = gate({ queued: 0, streams: 1, client_share: 100 });
  void ask('a 1');
  void ask('b 1');
  t.same(await names(), ['a 1']);
  t.match(refused, [['b 1', { code: 'overloaded' }]]);
});

t.test('nobody waits for ever', async (t) => {
  const { ask, names, refused, admission, release } = gate({ queue_ms: 20, streams: 2, client_share: 50 });
  void ask('a 1');
  const waiting = [ask('a 2'), ask('b 1'), ask('c 1')];
  t.same(await names(), ['a 1', 'b 1']);
  await Promise.all(waiting);
  t.match(refused, [
    ['a 2', { code: 'too_many_requests', headers: { 'retry-after': '1' } }],
    ['c 1', { code: 'overloaded', headers: { 'retry-after': '1' } }],
  ]);
  release('a 1');
  release('b 1');
  t.same(admission.state, idle);
});

t.test('who leaves waits no more, and nobody waits for who left', async (t) => {
  const { ask, names, refused, admission } = gate();
  const left = new AbortController();
  void ask('a 1', { elements: 500, bytes: 1 });
  void ask('b 1', { elements: 700, bytes: 1 }, left.signal);
  void ask('c 1');
  t.same(await names(), ['a 1']);
  left.abort('gone');
  t.same(await names(), ['a 1', 'c 1']);
  t.same(refused, [['b 1', 'gone']]);
  t.equal(admission.state.queued, 0);
  await t.rejects(admission.admit('b', small, left.signal));
});
