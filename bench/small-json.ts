import { answersWithin, type Question } from './client.js';
import { interleave, median, ratios, type Subject, spread } from './measure.js';
import { Server } from './processes.js';
import type { Demand, Section } from './report.js';

const rounds = 15;
const windowMs = 1000;
const connections = 16;
const distinct = 10_000;
const path = '/v1/tables/rope-frequencies?head_dim=128';

const hello = 'bare Fastify, hello world';
const same = 'bare Fastify, a route with the same bytes';
const current = 'bare Fastify, 304 from a route';
const logging = 'Fastify with its own log, hello world';
const repeated = 'one URL';
const silently = 'one URL, no log';
const revalidated = 'one URL, 304';
const etag = '"0123456789abcdef"';

/** Answers a second by the clock, and per second that the server was on its core. */
interface Rate {
  readonly clock: number;
  readonly processor: number;
}

const ifCurrent = (tag: string): Question => ({
  status: 304,
  headers: () => `If-None-Match: ${tag}\r\n`,
});

async function ask(port: number, url: string): Promise<{ readonly etag: string; readonly length: number }> {
  const response = await fetch(`http://127.0.0.1:${port}${url}`, {
    headers: { 'accept-encoding': 'identity' },
  });
  return { etag: response.headers.get('etag') ?? '', length: (await response.arrayBuffer()).byteLength };
}

/** Small JSON, one URL again and again and many, beside the least that Fastify can do. */
export async function smallJson(): Promise<Section> {
  const peer = await Server.start('bench/peer-server.js', []);
  const loggingPeer = await Server.start('bench/peer-server.js', ['--log']);
  const posenc = await Server.posenc();
  const silent = await Server.posenc({ LOG_LEVEL: 'silent' });
  const known = await ask(posenc.port, path);
  const bodyBytes = known.length;
  let next = 0;
  const subject = (
    name: string,
    server: Server,
    url: () => string,
    question: Question = {},
  ): Subject<Rate> => ({
    name,
    run: async () => {
      const before = server.processorMs();
      const answers = await answersWithin(server.port, url, connections, windowMs, question);
      return {
        clock: (1000 * answers) / windowMs,
        processor: (1000 * answers) / (server.processorMs() - before),
      };
    },
  });
  const subjects = [
    subject(hello, peer, () => '/hello'),
    subject(logging, loggingPeer, () => '/hello'),
    subject(same, peer, () => `/text/${bodyBytes}`),
    subject(current, peer, () => '/hello', ifCurrent(etag)),
    subject(repeated, posenc, () => path),
    subject(silently, silent, () => path),
    subject(revalidated, posenc, () => path, ifCurrent(known.etag)),
    subject(`${distinct} URLs in turn`, posenc, () => `${path}&rope_theta=${10_000 + (next++ % distinct)}`),
  ];
  const samples = await interleave(subjects, rounds);
  for (const server of [peer, loggingPeer, posenc, silent]) await server.stop();

  const clock = (name: string) => samples.get(name)!.map((sample) => sample.clock);
  const processor = (name: string) => samples.get(name)!.map((sample) => sample.processor);
  const demand = (what: string, ours: string, theirs: string, least: number): Demand => {
    const ratio = ratios(processor(ours), processor(theirs));
    return { what, measured: spread(ratio), met: median(ratio) >= least, ratio: median(ratio) / least };
  };
  return {
    title: 'Small JSON',
    method: `\`GET ${path}\` over ${connections} keep-alive connections, one request under way on each, windows of ${windowMs} ms in turns, ${rounds} rounds. All servers share one core, the client has the other. A second is one of the clock, or one of the server's time on its core (which other work on the machine does not change). The client never sleeps, so that nobody pays for waking it. posenc logs a line a request unless said otherwise, Fastify's own log has two. Demands are on processor time.`,
    columns: [
      'requests',
      '1/s, clock',
      '1/s, processor',
      'of bare Fastify, clock',
      'of bare Fastify, processor',
    ],
    rows: subjects.map(({ name }) => [
      name,
      spread(clock(name), 0),
      spread(processor(name), 0),
      spread(ratios(clock(name), clock(hello))),
      spread(ratios(processor(name), processor(hello))),
    ]),
    demands: [
      demand('small JSON of one URL: 0.8 of a bare Fastify hello-world', repeated, hello, 0.8),
      demand('small JSON: 0.85 of a bare Fastify route with the same bytes', repeated, same, 0.85),
      demand('304: 0.85 of a bare Fastify route', revalidated, current, 0.85),
    ],
  };
}
