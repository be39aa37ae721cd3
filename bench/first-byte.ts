import { download } from './client.js';
import { interleave, median, quantile, type Subject } from './measure.js';
import { Server } from './processes.js';
import type { Section } from './report.js';

const rounds = 150;
const limitMs = 10;
const pauseMs = 30;

/** 2 tensors of 1048576 × 128 in f32: 1 GiB and a header. */
const path = '/v1/tables/rope.safetensors?head_dim=128&length=1048576';
const bytes = 2 ** 30;

/** From a request to the first byte of the body, for tables of 1 GiB. */
export async function firstByte(): Promise<Section> {
  const { port, stop } = await started();
  let theta = 10_000;
  const fresh = () => `${path}&rope_theta=${theta++}`;
  const range = (first: number) => `Range: bytes=${first}-${first + 65_535}\r\n`;
  const measure =
    (next: () => string, headers = '') =>
    async () => {
      // What the server had begun for the reader before, who left, is over by then.
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      return (await download(port, next(), { until: 'first byte', headers })).firstByteMs;
    };
  const subjects: Subject[] = [
    { name: 'a table asked for the first time', run: measure(fresh) },
    { name: 'the same table again', run: measure(() => path) },
    {
      name: 'the last 64 KiB of a table asked for the first time',
      run: measure(fresh, range(bytes - 65_536)),
    },
    { name: 'the last 64 KiB of the same table again', run: measure(() => path, range(bytes - 65_536)) },
    { name: 'as npz, asked for the first time', run: measure(() => fresh().replace('safetensors', 'npz')) },
    { name: 'profile exact, asked for the first time', run: measure(() => `${fresh()}&profile=exact`) },
    { name: 'bf16 (512 MiB), asked for the first time', run: measure(() => `${fresh()}&dtype=bf16`) },
  ];
  const samples = await interleave(subjects, rounds);
  await stop();

  const figures = subjects.map(({ name }) => {
    const own = samples.get(name)!;
    return { name, median: median(own), p90: quantile(own, 0.9), p99: quantile(own, 0.99) };
  });
  const whole = figures[0]!;
  const text = (value: number) => value.toFixed(2);
  return {
    title: 'First byte',
    method: `Tables of 1 GiB (rope, cos and sin of 1048576 × 128 in f32, safetensors), on a connection that is open; ms from the request to the first byte of the body, then the client leaves. ${rounds} rounds, ${pauseMs} ms between requests.`,
    columns: ['response', 'median', 'p90', 'p99'],
    rows: figures.map((figure) => [figure.name, text(figure.median), text(figure.p90), text(figure.p99)]),
    demands: [
      {
        what: `first byte of a 1 GiB table: within ${limitMs} ms, p99`,
        measured: `median ${text(whole.median)} ms, p90 ${text(whole.p90)} ms, p99 ${text(whole.p99)} ms`,
        met: whole.p99 <= limitMs,
        ratio: limitMs / whole.p99,
      },
    ],
  };
}

/** A server that has streamed before. */
async function started(): Promise<{ port: number; stop: () => Promise<void> }> {
  const server = await Server.posenc();
  for (let i = 0; i < 5; i++) await download(server.port, path.replace('1048576', '32768'));
  return { port: server.port, stop: () => server.stop() };
}
