import { fileURLToPath } from 'node:url';
import { LinePeer, sourceFile } from './line-peer.js';
import { interleave, median, ratios, type Subject, spread } from './measure.js';
import { bothCores, serverCore } from './processes.js';
import { noPeer, type Section } from './report.js';

const rounds = 21;
const pairs = 131_072 * 64;

/** Our way and torch's, with the bytes of the result; the demand is on their ratio. */
const races = [
  {
    what: 'cos and sin of 131,072 × 64 in f32, one thread: 5 times torch (aim 8)',
    ours: 'f32 1',
    torch: 'f32 1',
    cores: 'one',
    least: 5,
  },
  {
    what: 'the same, two threads: 6 times torch on two (aim 10)',
    ours: 'f32 2',
    torch: 'f32 2',
    cores: 'both',
    least: 6,
  },
  {
    what: 'the same in bf16, one thread: 5 times torch, which computes f32 and casts',
    ours: 'bf16 1',
    torch: 'bf16 1',
    cores: 'one',
    least: 5,
  },
] as const;

/** Ways that are told beside the demands. */
const others = ['torch kept 1', 'torch usual 1'] as const;

const bytesOf = (name: string) => (name.includes('usual') ? 16 : name.includes('bf16') ? 4 : 8) * pairs;

/** cos and sin of the same table by torch, where PEER_PYTHON names a Python that has it. */
export async function torch(): Promise<Section> {
  const python = process.env.PEER_PYTHON;
  if (!python) return noPeer('torch', 'PEER_PYTHON does not name a Python with torch', races);
  const own = fileURLToPath(new URL('own-peer.js', import.meta.url));
  const peers = {
    one: {
      ours: await LinePeer.start(serverCore, process.execPath, own),
      torch: await LinePeer.start(serverCore, python, sourceFile('torch_peer.py')),
    },
    both: {
      ours: await LinePeer.start(bothCores, process.execPath, own),
      torch: await LinePeer.start(bothCores, python, sourceFile('torch_peer.py')),
    },
  };
  const subjects = [
    ...races.flatMap(({ ours, torch: theirs, cores }): Subject[] => [
      { name: `posenc ${ours}`, run: () => peers[cores].ours.ask(ours) },
      { name: `torch ${theirs}`, run: () => peers[cores].torch.ask(theirs) },
    ]),
    ...others.map((name): Subject => ({ name, run: () => peers.one.torch.ask(name.slice(6)) })),
  ];
  const samples = await interleave(subjects, rounds);
  const { about } = peers.one.torch;
  for (const { ours, torch: theirs } of Object.values(peers)) {
    ours.stop();
    theirs.stop();
  }
  const of = (name: string) => samples.get(name)!;
  return {
    title: 'The same table by torch',
    method: `cos and sin of 131,072 positions by 64 frequencies, \`transformers\` profile, by the clock, in turns, ${rounds} rounds; ${about}. One thread has one core, two have both. posenc prepares its table anew each time and computes into blocks of 512 KiB that are used again, as the service sends them; torch makes fresh tensors, as it does in a model. \`kept\` is torch into tensors that are there already; \`usual\` is the code of transformers, which makes 128 columns of the 64.`,
    columns: ['subject: dtype, threads', 'ms', 'GB/s'],
    rows: subjects.map(({ name }) => [
      name,
      spread(of(name), 1),
      (bytesOf(name) / 1e6 / median(of(name))).toFixed(2),
    ]),
    demands: races.map(({ what, ours, torch: theirs, least }) => {
      const ratio = ratios(of(`torch ${theirs}`), of(`posenc ${ours}`));
      return { what, measured: spread(ratio), met: median(ratio) >= least, ratio: median(ratio) / least };
    }),
  };
}
