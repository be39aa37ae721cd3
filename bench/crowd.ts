import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Caller } from './client.js';
import { quantile } from './measure.js';
import { bothCores, Server } from './processes.js';
import type { Section } from './report.js';

const downloads = 8;
const limitMs = 20;
/** Small requests are asked for one after the other, so long and at such a distance. */
const seconds = 12;
const pauseMs = 5;

const small: readonly { readonly name: string; readonly path: (turn: number) => string }[] = [
  { name: 'small JSON, one URL', path: () => '/v1/tables/rope-frequencies?head_dim=128' },
  {
    name: 'small JSON, another URL each time',
    path: (turn) => `/v1/tables/rope-frequencies?head_dim=128&rope_theta=${turn + 2}`,
  },
  { name: '/livez', path: () => '/livez' },
];

/** Small requests while large tables stream. */
export async function crowd(): Promise<Section> {
  const settings = [
    { name: 'default settings', env: {} },
    { name: 'without threads', env: { POSENC_THREADS: '0' } },
  ];
  const rows: string[][] = [];
  let worst = 0;
  for (const { name, env } of settings) {
    const server = await Server.posenc(env, bothCores);
    const crowdOf = spawn(process.execPath, [
      fileURLToPath(new URL('crowd-clients.js', import.meta.url)),
      String(server.port),
      String(downloads),
    ]);
    const times = new Map<string, number[]>(small.map((one) => [one.name, []]));
    const own = await Caller.connect(server.port);
    // The downloads are under way by then.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const end = performance.now() + 1000 * seconds;
    for (let turn = 0; performance.now() < end; turn++) {
      const { name: what, path } = small[turn % small.length]!;
      const ms = await new Promise<number>((answered) => own.ask(path(turn), answered));
      times.get(what)!.push(ms);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    own.close();
    crowdOf.kill();
    await server.stop();
    for (const [what, own] of times) {
      const text = (q: number) => quantile(own, q).toFixed(2);
      rows.push([name, what, String(own.length), text(0.5), text(0.9), text(0.99)]);
      if (name === settings[0]!.name) worst = Math.max(worst, quantile(own, 0.99));
    }
  }
  return {
    title: 'Small requests in a crowd',
    method: `ms from a small request to its last byte, on a connection of its own, while ${downloads} clients download tables of 1 GiB as fast as they can, from a process of their own. The server may use both cores, so it competes with its clients; ${seconds} s for each setting.`,
    columns: ['posenc', 'request', 'requests', 'median', 'p90', 'p99'],
    rows,
    demands: [
      {
        what: `p99 of a small request while eight downloads of 1 GiB run: under ${limitMs} ms`,
        measured: `${worst.toFixed(2)} ms`,
        met: worst < limitMs,
        ratio: limitMs / worst,
      },
    ],
  };
}
