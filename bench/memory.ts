import { download, SlowReader } from './client.js';
import { Server } from './processes.js';
import type { Section } from './report.js';

const path = '/v1/tables/rope.safetensors?head_dim=128&length=1048576';
const limitMiB = 64;
const sampleMs = 50;
const slowSeconds = 20;

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Resident memory of the server while `during` runs: at its beginning, and the most that was seen. */
async function watch(server: Server, during: () => Promise<void>): Promise<{ before: number; most: number }> {
  const before = server.residentMiB();
  let most = before;
  const look = () => {
    most = Math.max(most, server.residentMiB());
  };
  const timer = setInterval(look, sampleMs);
  await during();
  clearInterval(timer);
  look();
  return { before, most };
}

/** `readers` that take `bytesPerSecond` each of distinct tables, for a while. */
async function slowly(port: number, readers: number, bytesPerSecond: number): Promise<void> {
  const open = Array.from(
    { length: readers },
    (_, i) => new SlowReader(port, `${path}&rope_theta=${20_000 + i}`, bytesPerSecond),
  );
  await wait(1000 * slowSeconds);
  for (const reader of open) reader.close();
  if (bytesPerSecond > 0 && open.some(({ bytes }) => bytes < 65_536))
    throw new Error('a slow reader got nothing');
}

/** Growth of the server's resident memory while tables of 1 GiB stream, each case in a process of its own. */
export async function memory(): Promise<Section> {
  const cases: readonly { name: string; run: (port: number) => Promise<void> }[] = [
    {
      name: 'one fast reader, 1 GiB',
      run: async (port) => {
        const { bytes } = await download(port, path);
        if (bytes < 2 ** 30) throw new Error(`the table ended after ${bytes} bytes`);
      },
    },
    { name: `8 readers of 256 KiB/s, ${slowSeconds} s`, run: (port) => slowly(port, 8, 262_144) },
    { name: `32 readers of 64 KiB/s, ${slowSeconds} s`, run: (port) => slowly(port, 32, 65_536) },
    { name: `48 readers of 64 KiB/s, ${slowSeconds} s`, run: (port) => slowly(port, 48, 65_536) },
    { name: `48 readers that read nothing, ${slowSeconds} s`, run: (port) => slowly(port, 48, 0) },
  ];
  const figures: { name: string; before: number; most: number }[] = [];
  for (const { name, run } of cases) {
    const server = await Server.posenc();
    // What the first table of a process takes for code and counters is not what streaming takes.
    await download(server.port, path.replace('1048576', '4096'));
    figures.push({ name, ...(await watch(server, () => run(server.port))) });
    await server.stop();
  }
  const growth = Math.max(...figures.map(({ before, most }) => most - before));
  return {
    title: 'Memory',
    method: `Resident memory of the server in MiB, looked at every ${sampleMs} ms, while tables of 1 GiB stream. Each line is a process of its own, which had streamed 4 MiB before. A pool of 64 blocks of 512 KiB is all that responses may hold.`,
    columns: ['readers', 'before', 'most', 'growth'],
    rows: figures.map(({ name, before, most }) => [
      name,
      before.toFixed(0),
      most.toFixed(0),
      (most - before).toFixed(0),
    ]),
    demands: [
      {
        what: `growth of resident memory with 32 and 48 slow readers of 1 GiB tables: less than ${limitMiB} MiB`,
        measured: `${growth.toFixed(0)} MiB at most`,
        met: growth < limitMiB,
        ratio: limitMiB / Math.max(1, growth),
      },
    ],
  };
}
