import { answersWithin } from './client.js';
import { interleave, median, ratios, type Subject, spread } from './measure.js';
import { Server } from './processes.js';
import type { Section } from './report.js';

const rounds = 40;
const windowMs = 300;
const connections = 16;
const distinct = 10_000;
const path = '/v1/tables/rope-frequencies?head_dim=128';

const hello = 'bare Fastify, hello world';
const logging = 'Fastify with its own log, hello world';
const repeated = 'one URL';
const silently = 'one URL, no log';

/** Answers a second by the clock, and per second that the server was on its core. */
interface Rate {
  readonly clock: number;
  readonly processor: number;
}

/** Small JSON, one URL again and again and many, beside the least that Fastify can do. */
export async function smallJson(): Promise<Section> {
  const peer = await Server.start('bench/peer-server.js', []);
  const loggingPeer = await Server.start('bench/peer-server.js', ['--log']);
  const posenc = await Server.posenc();
  const silent = await Server.posenc({ LOG_LEVEL: 'silent' });
  let next = 0;
  const subject = (name: string, server: Server, url: () => string): Subject<Rate> => ({
    name,
    run: async () => {
      const before = server.processorMs();
      const answers = await answersWithin(server.port, url, connections, windowMs);
      return {
        clock: (1000 * answers) / windowMs,
        processor: (1000 * answers) / (server.processorMs() - before),
      };
    },
  });
  const subjects = [
    subject(hello, peer, () => '/hello'),
    subject(logging, loggingPeer, () => '/hello'),
    subject(repeated, posenc, () => path),
    subject(silently, silent, () => path),
    subject(`${distinct} URLs in turn`, posenc, () => `${path}&rope_theta=${10_000 + (next++ % distinct)}`),
  ];
  const samples = await interleave(subjects, rounds);
  for (const server of [peer, loggingPeer, posenc, silent]) await server.stop();

  const clock = (name: string) => samples.get(name)!.map((sample) => sample.clock);
  const processor = (name: string) => samples.get(name)!.map((sample) => sample.processor);
  const ratio = ratios(processor(repeated), processor(hello));
  const ratioSilent = ratios(processor(silently), processor(hello));
  return {
    title: 'Small JSON',
    method: `\`GET ${path}\` over ${connections} keep-alive connections, one request under way on each, windows of ${windowMs} ms in turns, ${rounds} rounds. All servers share one core, the client has the other. A second is one of the clock, or one of the server's time on its core (which other work on the machine does not change). The client never sleeps, so that nobody pays for waking it. posenc logs a line a request unless said otherwise, Fastify's own log has two.`,
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
      {
        what: 'small JSON of one URL reaches 0.8 of the requests/s of a bare Fastify hello-world',
        measured: `${spread(ratio)}; ${spread(ratioSilent)} without its log (per second of processor time)`,
        met: median(ratio) >= 0.8,
      },
    ],
  };
}
