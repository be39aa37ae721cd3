import { download } from './client.js';
import { interleave, median, ratios, type Subject, spread } from './measure.js';
import { Server } from './processes.js';
import type { Section } from './report.js';

const rounds = 9;

/** Paths under /v1/tables, one a row of the table; the first is the headline. */
const tables: readonly { readonly name: string; readonly path: string }[] = [
  { name: 'safetensors, cos and sin, f32', path: 'rope.safetensors?head_dim=128&length=131072' },
  { name: 'npy, cos, f32', path: 'rope.npy?head_dim=128&length=131072&tensors=cos' },
  { name: 'bin, cos, f32', path: 'rope.bin?head_dim=128&length=131072&tensors=cos' },
  { name: 'npz, cos and sin, f32', path: 'rope.npz?head_dim=128&length=131072' },
  { name: 'safetensors, bf16', path: 'rope.safetensors?head_dim=128&length=131072&dtype=bf16' },
  { name: 'safetensors, f32, exact', path: 'rope.safetensors?head_dim=128&length=131072&profile=exact' },
  {
    name: 'safetensors, f64, exact',
    path: 'rope.safetensors?head_dim=128&length=16384&profile=exact&dtype=f64',
  },
  { name: 'csv, cos, f32, 32768 rows', path: 'rope.csv?head_dim=128&length=32768&tensors=cos' },
  { name: 'json, cos, f32, 32768 rows', path: 'rope.json?head_dim=128&length=32768&tensors=cos' },
];
const headline = tables[0]!.name;
const zeros = 'a bare Fastify sending zeros';

/** GB/s by the clock, and per second that the server was on its core. */
interface Rate {
  readonly clock: number;
  readonly processor: number;
}

async function rate(server: Server, path: string, length?: number): Promise<Rate> {
  const before = server.processorMs();
  const { bytes, totalMs } = await download(server.port, path);
  const megabytes = (length ?? bytes) / 1e6;
  return { clock: megabytes / totalMs, processor: megabytes / (server.processorMs() - before) };
}

/** `digest=sha-256` streams nothing, and is kept; each round asks for another table of the same size. */
function digest(server: Server): Subject<Rate>['run'] {
  let theta = 10_000;
  const path = '/v1/tables/rope.safetensors?head_dim=128&length=131072&digest=sha-256';
  return () => rate(server, `${path}&rope_theta=${theta++}`, 2 * 131_072 * 128 * 4);
}

/** Whole tables over loopback HTTP. */
export async function stream(): Promise<Section> {
  const posenc = await Server.posenc();
  const peer = await Server.start('bench/peer-server.js', []);
  const subjects: Subject<Rate>[] = [
    { name: zeros, run: () => rate(peer, '/zeros/134217728') },
    ...tables.map(({ name, path }) => ({ name, run: () => rate(posenc, `/v1/tables/${path}`) })),
    { name: 'digest=sha-256 of safetensors, cos and sin, f32', run: digest(posenc) },
  ];
  const samples = await interleave(subjects, rounds);
  await posenc.stop();
  await peer.stop();

  const clock = (name: string) => samples.get(name)!.map((sample) => sample.clock);
  const processor = (name: string) => samples.get(name)!.map((sample) => sample.processor);
  return {
    title: 'Streaming',
    method: `rope tables of 131072 × 128, \`transformers\` profile where not said otherwise, over loopback HTTP. The server has one core, the client the other. One request after the other, ${rounds} rounds. GB are those of the body; a second is one of the clock, or one of the server's time on its core (which other work on the machine does not change).`,
    columns: ['response', 'GB/s, clock', 'GB/s, processor', 'of the bare server (processor)'],
    rows: subjects.map(({ name }) => [
      name,
      spread(clock(name), 3),
      spread(processor(name), 3),
      median(ratios(processor(name), processor(zeros))).toFixed(2),
    ]),
    demands: [
      {
        what: 'rope 131072 × 128 f32 streams at 0.4 GB/s or more from one core',
        measured: `${spread(processor(headline))} GB a second of processor time, ${spread(clock(headline))} by the clock`,
        met: median(processor(headline)) >= 0.4,
      },
    ],
  };
}
