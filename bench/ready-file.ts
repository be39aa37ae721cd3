import { download } from './client.js';
import { sourceFile } from './line-peer.js';
import { interleave, median, ratios, type Subject, spread } from './measure.js';
import { startNginx, whyNoNginx } from './nginx.js';
import { bothCores, Server, unpinned } from './processes.js';
import { noPeer, type Section } from './report.js';

const rounds = 11;
const length = 524_288;
const bytes = 2 * length * 128 * 4;

/** Every round another table: nothing may be kept. */
let turn = 0;
const path = () => `/v1/tables/rope.safetensors?head_dim=128&length=${length}&rope_theta=${10_000 + turn++}`;

const ready = {
  what: '512 MiB computed while they are sent: 0.9 of nginx sending the ready file (aim 1)',
  least: 0.9,
};
const python = { what: 'the same beside Python: 4 times FastAPI, uvicorn and numpy computing it', least: 4 };

async function rate(port: number, url: string): Promise<number> {
  const { bytes: received, totalMs } = await download(port, url);
  if (received < bytes) throw new Error(`${url} ended after ${received} bytes`);
  return bytes / 1e6 / totalMs;
}

/** A large table beside a file that is there already, and beside a service in Python. */
export async function readyFile(): Promise<Section> {
  const missing = whyNoNginx();
  if (missing !== null) return noPeer('nginx', missing, [ready, python]);
  const nginx = await startNginx(bytes);
  const posenc = await Server.posenc({}, bothCores);
  const peerPython = process.env.PEER_PYTHON;
  const uvicorn = peerPython
    ? await Server.run(() => [peerPython, sourceFile('uvicorn_peer.py')], { cores: bothCores })
    : null;
  const ours = 'posenc, default settings';
  const theirs = 'nginx, the ready file';
  const numpy = 'FastAPI, uvicorn and numpy';
  const blocks = 'the same, streamed in blocks, half the columns computed';
  const subjects: Subject[] = [
    { name: ours, run: () => rate(posenc.port, path()) },
    { name: theirs, run: () => rate(nginx.server.port, '/file') },
    ...(uvicorn
      ? [
          { name: numpy, run: () => rate(uvicorn.port, `/table?length=${length}`) },
          { name: blocks, run: () => rate(uvicorn.port, `/blocks?length=${length}`) },
        ]
      : []),
  ];
  const samples = await unpinned(() => interleave(subjects, rounds));
  await posenc.stop();
  await nginx.stop();
  await uvicorn?.stop();

  const of = (name: string) => samples.get(name)!;
  const ratio = ratios(of(ours), of(theirs));
  const overPython = uvicorn ? ratios(of(ours), of(numpy)) : null;
  return {
    title: 'Beside a ready file',
    method: `512 MiB (rope, cos and sin of ${length} × 128 in f32) over loopback HTTP, one request after the other in turns, ${rounds} rounds, by the clock. Servers and client may use both cores. posenc computes another table each time; nginx sends one file from memory with sendfile, which copies nothing; FastAPI answers what numpy computes as transformers does (angles, cos and sin in float32); the demand is on that, and the best that we could do in Python stands beside it.`,
    columns: ['server', 'GB/s', 'of nginx'],
    rows: subjects.map(({ name }) => [name, spread(of(name)), spread(ratios(of(name), of(theirs)))]),
    demands: [
      {
        what: ready.what,
        measured: spread(ratio),
        met: median(ratio) >= ready.least,
        ratio: median(ratio) / ready.least,
      },
      overPython
        ? {
            what: python.what,
            measured: spread(overPython),
            met: median(overPython) >= python.least,
            ratio: median(overPython) / python.least,
          }
        : { what: python.what, measured: 'peer absent: PEER_PYTHON is not set', met: null },
    ],
  };
}
