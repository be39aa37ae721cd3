import type { Filler } from '../src/kernels/define.js';
import { prepareJs } from '../src/kernels/js/index.js';
import { prepareReference } from '../src/kernels/reference.js';
import { startWasm } from '../src/kernels/wasm/index.js';
import { dtypes } from '../src/tensor/dtype.js';
import { elementCount } from '../src/tensor/spec.js';
import { interleave, median, processorMs, type Samples, type Subject, spread } from './measure.js';
import type { Section } from './report.js';
import { compute, type Recipe, recipes } from './tables.js';

const rounds = 9;
/** Elements that the reference computes a round: it is some thousand times slower. */
const referenceElements = 1024;

interface Case {
  readonly kind: string;
  readonly table: string;
  readonly recipe: Recipe;
}

/** One table of about 16 million elements a kind of rows, profile and dtype. */
function cases(): Case[] {
  const found: Case[] = [];
  const add = (
    kind: string,
    table: string,
    types: readonly string[],
    query: string,
    supplied: Record<string, unknown> = {},
  ) => {
    const id = table.split(' ')[0]!;
    for (const dtype of types) {
      const [recipe] = recipes(id, `${query}&dtype=${dtype}`, supplied);
      found.push({ kind, table, recipe: recipe! });
    }
  };
  const floats = ['f32', 'bf16', 'f16', 'f64'];
  const rope = 'head_dim=128&length=131072&tensors=cos';
  add('phase', 'rope transformers', floats, rope);
  add('phase', 'rope exact', floats, `${rope}&profile=exact`);
  add('phase', 'rope transformers, interleaved', ['f32', 'bf16'], `${rope}&layout=interleaved`);
  add('phase', 'rope transformers, packed', ['f32'], 'head_dim=128&length=131072&layout=packed');
  add('phase', 'rope transformers, complex', ['c64'], 'head_dim=128&length=131072&layout=complex');
  add('phase', 'rope transformers, fractions', ['f32'], `head_dim=128&tensors=cos&positions=${fractions()}`);
  add('phase', 'sinusoidal transformers', ['f32', 'bf16'], 'dim=1024&length=16384');
  add('phase', 'sinusoidal exact', ['f32', 'bf16'], 'dim=1024&length=16384&profile=exact');
  const bias = 'key_length=1024';
  add('slope-distance', 'alibi-bias mpt, transformers', ['f32', 'bf16'], `${bias}&num_heads=16&variant=mpt`);
  add('slope-distance', 'alibi-bias mpt, exact', floats, `${bias}&num_heads=12&variant=mpt&profile=exact`);
  add(
    'slope-distance',
    'alibi-bias falcon, transformers',
    ['f32', 'bf16'],
    `${bias}&num_heads=16&variant=falcon`,
  );
  add('bucket', 't5-buckets', ['i64', 'i32'], 'query_length=4096&key_length=4096');
  const weights = Array.from({ length: 32 }, (_, bucket) =>
    Array.from({ length: 16 }, (_, head) => bucket / 7 + head),
  );
  const supplied = { weights, tensors: ['bias'] };
  add('elements', 't5-buckets with weights', floats, 'query_length=1024&key_length=1024', supplied);
  return found;
}

/** Positions that only the slow path knows. */
function fractions(): string {
  return Array.from({ length: 256 }, (_, i) => i + 0.25).join(',');
}

/** GB per second of processor time of computing the first `count` elements of a tensor. */
function speed({ spec }: Recipe, filler: Filler, count: number): number {
  const milliseconds = processorMs(() => compute(filler, spec, count));
  return (count * dtypes[spec.dtype].bytes) / 1e6 / milliseconds;
}

/** Every kind of rows in every dtype: the WebAssembly and TypeScript kernels, and the reference they are tested against. */
export async function kernels(): Promise<Section> {
  const all = cases();
  const wasm = await startWasm();
  const subjects = all.flatMap(({ recipe }, index): Subject[] => {
    const { rows, spec } = recipe;
    const total = elementCount(spec.shape);
    const own = (name: string, filler: Filler | null, count = total): Subject[] =>
      filler ? [{ name: `${name} ${index}`, run: () => speed(recipe, filler, count) }] : [];
    return [
      ...own('wasm', wasm.prepare(rows, spec)),
      ...own('js', prepareJs(rows, spec)),
      ...own('reference', prepareReference(rows, spec), Math.min(total, referenceElements)),
    ];
  });
  const samples = await interleave(subjects, rounds);
  const rows = all.map(({ kind, table, recipe: { spec } }, index) => {
    const { bytes } = dtypes[spec.dtype];
    const of = (name: string) => samples.get(`${name} ${index}`);
    const both = (own: Samples | undefined) =>
      own ? [spread(own), ((1000 * median(own)) / bytes).toFixed(0)] : ['–', '–'];
    return [
      kind,
      table,
      spec.dtype,
      spec.shape.join(' × '),
      ...both(of('wasm')),
      ...both(of('js')),
      ((1000 * median(of('reference')!)) / bytes).toFixed(3),
    ];
  });
  return {
    title: 'Kernels',
    method: `Processor time of one thread, ${rounds} rounds, blocks of the service's size into the same memory, the rotations of a table prepared beforehand. All kinds run in one process, so the engine has seen every dtype, as it has in a service. The reference computes ${referenceElements} elements a round.`,
    columns: [
      'rows',
      'table',
      'dtype',
      'shape',
      'WebAssembly, GB/s',
      'M elements/s',
      'TypeScript, GB/s',
      'M elements/s',
      'reference, M elements/s',
    ],
    rows,
  };
}
