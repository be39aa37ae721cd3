import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { prepareJs } from '../src/kernels/js/index.js';
import { interleave, median, processorMs, ratios, type Subject, spread } from './measure.js';
import type { Section } from './report.js';
import { compute, recipes } from './tables.js';

const rounds = 15;
const tableBytes = 2 * 131_072 * 128 * 4;

/** A Python process that answers a line with the milliseconds it took. */
class TorchPeer {
  private constructor(
    private readonly child: ChildProcess,
    private readonly lines: AsyncIterator<string>,
    readonly version: string,
  ) {}

  static async start(python: string): Promise<TorchPeer> {
    // The script has no compiled form: it stands beside this file's source.
    const script = fileURLToPath(new URL('../../bench/torch_peer.py', import.meta.url));
    const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = await lines.next();
    if (first.done) throw new Error(`${python} did not run ${script}`);
    return new TorchPeer(child, lines, first.value);
  }

  async milliseconds(way: string): Promise<number> {
    this.child.stdin?.write(`${way}\n`);
    const line = await this.lines.next();
    if (line.done) throw new Error('the torch process has ended');
    return Number(line.value);
  }

  stop(): void {
    this.child.stdin?.end();
  }
}

/** cos and sin of the same table by torch on one thread, or null where PEER_PYTHON names no Python with torch. */
export async function torch(): Promise<Section | null> {
  const python = process.env.PEER_PYTHON;
  if (!python) {
    console.error('torch: left out, because PEER_PYTHON does not name a Python with torch');
    return null;
  }
  const peer = await TorchPeer.start(python);
  const tensors = recipes('rope', 'head_dim=128&length=131072');
  const posenc = (prepared: boolean): Subject['run'] => {
    const kept = tensors.map(({ rows, spec }) => prepareJs(rows, spec));
    return () => {
      return processorMs(() => {
        tensors.forEach(({ rows, spec }, i) => {
          compute(prepared ? kept[i]! : prepareJs(rows, spec), spec);
        });
      });
    };
  };
  const subjects: Subject[] = [
    { name: 'posenc, prepared anew', run: posenc(false) },
    { name: 'torch as transformers has it', run: () => peer.milliseconds('usual') },
    { name: 'posenc, prepared before', run: posenc(true) },
    { name: 'torch into kept tensors', run: () => peer.milliseconds('reused') },
  ];
  const samples = await interleave(subjects, rounds);
  peer.stop();

  const ours = samples.get('posenc, prepared anew')!;
  const usual = ratios(samples.get('torch as transformers has it')!, ours);
  const reused = ratios(samples.get('torch into kept tensors')!, ours);
  return {
    title: 'The same table by torch',
    method: `cos and sin of a rope table of 131072 × 128 in f32, \`transformers\` profile: 134 MB. Processor time of one thread each on the same core, in turns, ${rounds} rounds, ${peer.version} on AVX2. posenc computes into one block of 512 KiB again and again, as a service sends it, and computes every pair twice, once a tensor.`,
    columns: ['subject', 'ms', 'GB/s'],
    rows: subjects.map(({ name }) => [
      name,
      spread(samples.get(name)!, 0),
      (tableBytes / 1e6 / median(samples.get(name)!)).toFixed(2),
    ]),
    demands: [
      {
        what: 'rope 131072 × 128 f32 is computed no slower than by torch on one thread',
        measured: `${spread(usual)} times torch's speed; ${spread(reused)} times where torch keeps its tensors`,
        met: Math.min(median(usual), median(reused)) >= 1,
      },
    ],
  };
}
