import { answersWithin } from './client.js';
import { interleave, median, ratios, type Subject, spread } from './measure.js';
import { startNginx, whyNoNginx } from './nginx.js';
import { bothCores, Server, unpinned } from './processes.js';
import { noPeer, type Section } from './report.js';

const rounds = 15;
const windowMs = 600;
const connections = 4;
const rangeBytes = 2 ** 20;
const fileBytes = 2 ** 30;
const demand = {
  what: 'random ranges of 1 MiB of a 1 GiB table a second: 0.7 of nginx serving the ready file',
  least: 0.7,
};

const path = '/v1/tables/rope.safetensors?head_dim=128&length=1048576';

function randomRange(): string {
  const first = Math.floor(Math.random() * (fileBytes - rangeBytes));
  return `Range: bytes=${first}-${first + rangeBytes - 1}\r\n`;
}

/** Ranges of a large table, beside the same of a file that is there. */
export async function ranges(): Promise<Section> {
  const missing = whyNoNginx();
  if (missing !== null) return noPeer('nginx', missing, [demand]);
  const nginx = await startNginx(fileBytes);
  const posenc = await Server.posenc({}, bothCores);
  const subject = (name: string, port: number, url: string): Subject => ({
    name,
    run: async () =>
      (1000 *
        (await answersWithin(port, () => url, connections, windowMs, {
          status: 206,
          headers: randomRange,
        }))) /
      windowMs,
  });
  const ours = 'posenc, computing';
  const theirs = 'nginx, the ready file';
  const subjects = [subject(ours, posenc.port, path), subject(theirs, nginx.server.port, '/file')];
  const samples = await unpinned(() => interleave(subjects, rounds));
  await posenc.stop();
  await nginx.stop();
  const of = (name: string) => samples.get(name)!;
  const ratio = ratios(of(ours), of(theirs));
  return {
    title: 'Ranges',
    method: `Ranges of 1 MiB at random places of 1 GiB (rope, cos and sin of 1048576 × 128 in f32), ${connections} keep-alive connections with one request under way on each, windows of ${windowMs} ms in turns, ${rounds} rounds. Servers and client may use both cores.`,
    columns: ['server', 'ranges a second', 'GB/s', 'of nginx'],
    rows: subjects.map(({ name }) => [
      name,
      spread(of(name), 0),
      ((median(of(name)) * rangeBytes) / 1e9).toFixed(2),
      spread(ratios(of(name), of(theirs))),
    ]),
    demands: [
      {
        what: demand.what,
        measured: spread(ratio),
        met: median(ratio) >= demand.least,
        ratio: median(ratio) / demand.least,
      },
    ],
  };
}
