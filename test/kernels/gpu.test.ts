import fc from 'fast-check';
import t from 'tap';
import type { Backend } from '../../src/kernels/define.js';
import { runApart } from '../../src/kernels/gpu/apart.js';
import { type GpuMode, gpuModes } from '../../src/kernels/gpu/engine.js';
import { probeGpu, startGpu } from '../../src/kernels/gpu/index.js';
import { phaseError } from '../../src/kernels/gpu/phase.js';
import { quietly } from '../../src/kernels/gpu/quiet.js';
import { rendererNamed, whyNoGpu } from '../../src/kernels/gpu/renderer.js';
import { jsBackend } from '../../src/kernels/index.js';
import type { AngleRule, BucketRows, PhaseRows, Rows, SlopeDistanceRows } from '../../src/kernels/rows.js';
import { Real } from '../../src/numerics/real.js';
import { writeBfloat16 } from '../../src/tensor/bfloat16.js';
import { type DType, dtypes } from '../../src/tensor/dtype.js';
import { writeFloat16 } from '../../src/tensor/float16.js';
import { elementCount, type TensorSpec } from '../../src/tensor/spec.js';

/** The modes of gpu.js that work here: the two that need no driver, and those whose driver renders, in software too. */
const modes: { readonly mode: GpuMode; readonly gpu: Backend }[] = [];
for (const mode of gpuModes) {
  const reason = await probeGpu(mode).then(
    () => null,
    (error: Error) => error.message,
  );
  if (reason === null) modes.push({ mode, gpu: await startGpu(mode) });
  else t.test(`${mode} is not tested, for it does not work here`, { skip: reason }, async () => {});
}

function bytes(count: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(count));
}

/** Elements first … first + count − 1 as a backend computes them; null where it has no kernel. */
function computed(
  backend: typeof jsBackend,
  rows: Rows,
  spec: TensorSpec,
  first = 0,
  count = elementCount(spec.shape) - first,
): Uint8Array<ArrayBuffer> | null {
  const out = bytes(count * dtypes[spec.dtype].bytes);
  const filler = backend.prepare(rows, spec);
  filler?.fill(first, count, out);
  return filler && out;
}

function spec(dtype: DType, ...shape: number[]): TensorSpec {
  return { name: 'table', shape, dtype };
}

/** float32 numbers 1, r, r², … */
function geometric(count: number, ratio: number): Real[] {
  const terms = [1];
  while (terms.length < count) terms.push(Math.fround(terms.at(-1)! * ratio));
  return terms.map((term) => Real.from(term));
}

const slice = (total: number) =>
  fc
    .tuple(fc.nat({ max: total - 1 }), fc.integer({ min: 1, max: 2 ** 16 }))
    .map(([first, count]) => ({ first, count: Math.min(count, total - first) }));

const bias = fc
  .record({
    heads: fc.integer({ min: 1, max: 5 }),
    queryLength: fc.constantFrom(1, 3, 257),
    // Rows of one element, of a few, of more than a piece of the kernel, of more than its window.
    keyLength: fc.constantFrom(1, 7, 255, 4096, 33_000, 70_001),
    factor: fc.constantFrom('key', 'key-last', 'distance'),
    causal: fc.boolean(),
    rounding: fc.constantFrom('f32', 'bf16'),
    dtype: fc.constantFrom<DType>('f64', 'f32', 'f16', 'bf16'),
  })
  .chain(({ heads, queryLength, keyLength, dtype, ...rest }) => {
    const rows: SlopeDistanceRows = {
      kind: 'slope-distance',
      slopes: geometric(heads, 0.77),
      queryLength,
      keyLength,
      ...rest,
    };
    return slice(heads * queryLength * keyLength).map((part) => ({
      rows,
      spec: spec(dtype, heads, queryLength, keyLength),
      ...part,
    }));
  });

const bucket = fc
  .record({
    base: fc.constantFrom(0, -5, 1000, -70_000, 2 ** 45),
    rowCount: fc.constantFrom(1, 2, 300),
    columns: fc.constantFrom(1, 5, 129, 4096, 33_000, 70_001),
    dtype: fc.constantFrom<DType>('i64', 'i32'),
  })
  .chain(({ base, rowCount, columns, dtype }) => {
    const rows: BucketRows = {
      kind: 'bucket',
      base,
      columns,
      forward: Int32Array.from({ length: 300 }, (_, n) => (7 * n) % 97),
      backward: Int32Array.from({ length: 200 }, (_, n) => 2 ** 24 - ((11 * n) % 89)),
    };
    return slice(rowCount * columns).map((part) => ({ rows, spec: spec(dtype, rowCount, columns), ...part }));
  });

for (const { mode, gpu } of modes) {
  t.test(`${mode}: any slice of a bias table has the reference bytes`, async (t) => {
    const check = () =>
      fc.assert(
        fc.property(bias, ({ rows, spec, first, count }) => {
          const ours = computed(gpu, rows, spec, first, count);
          return ours !== null && Buffer.compare(ours, computed(jsBackend, rows, spec, first, count)!) === 0;
        }),
        { seed: 20, numRuns: 60 },
      );
    t.doesNotThrow(check);
  });

  t.test(`${mode}: any slice of a map of buckets has the reference bytes`, async (t) => {
    const check = () =>
      fc.assert(
        fc.property(bucket, ({ rows, spec, first, count }) => {
          const ours = computed(gpu, rows, spec, first, count);
          return ours !== null && Buffer.compare(ours, computed(jsBackend, rows, spec, first, count)!) === 0;
        }),
        { seed: 21, numRuns: 60 },
      );
    t.doesNotThrow(check);
  });

  t.test(`${mode}: cos and sin are within the told bound, near the start and near the end`, async (t) => {
    const pairs = 32;
    const frequencies: Record<AngleRule, readonly Real[]> = {
      real: Array.from({ length: pairs }, (_, j) => Real.ratio(1, 1 + 3 * j * j)),
      'f32-product': geometric(pairs, 0.7),
      'f64-quotient': geometric(pairs, 0.7).map((w) => Real.from(Math.fround(1 / w.toNumber()))),
    };
    // Beside its own error the reference's: one rounding to float32, none where the dtype is f64.
    const allowed: Record<AngleRule, number> = {
      real: phaseError + 2 ** -54,
      'f32-product': phaseError + 2 ** -25,
      'f64-quotient': phaseError + 2 ** -25,
    };
    for (const angle of ['real', 'f32-product', 'f64-quotient'] as const) {
      const rows: PhaseRows = {
        kind: 'phase',
        angle,
        phases: { frequencies: frequencies[angle], scale: Real.one },
        positions: { kind: 'range', start: 0, length: 2 ** 20 },
        width: 2 * pairs,
        runs: [
          { trig: 'sin', offset: 0, stride: 2, first: 0, count: pairs },
          { trig: 'cos', offset: 1, stride: 2, first: 0, count: pairs },
        ],
      };
      const table = spec('f64', 2 ** 20, 2 * pairs);
      const count = 700 * 2 * pairs;
      let [worst, elements] = [0, 0];
      for (const first of [0, 2 ** 26 - count]) {
        const ours = new Float64Array(computed(gpu, rows, table, first, count)!.buffer);
        const theirs = new Float64Array(computed(jsBackend, rows, table, first, count)!.buffer);
        ours.forEach((value, i) => {
          worst = Math.max(worst, Math.abs(value - theirs[i]!));
          elements++;
        });
      }
      t.equal(elements, 89_600);
      t.ok(worst <= allowed[angle], `${angle}: ${worst} of ${allowed[angle]}`);
      t.ok(worst > 2 ** -60, `${angle}: the kernel is one of its own`);
    }
  });

  t.test(`${mode}: cos and sin in half precision have the reference bytes, scaled or not`, async (t) => {
    const pairs = 32;
    const frequencies: Record<AngleRule, readonly Real[]> = {
      real: Array.from({ length: pairs }, (_, j) => Real.ratio(1, 1 + 3 * j * j)),
      'f32-product': geometric(pairs, 0.6),
      'f64-quotient': geometric(pairs, 0.7).map((w) => Real.from(Math.fround(1 / w.toNumber()))),
    };
    let [elements, doubtful] = [0, 0];
    for (const angle of ['real', 'f32-product', 'f64-quotient'] as const) {
      for (const scale of angle === 'f64-quotient' ? [1] : [1, 1.19]) {
        const rows: PhaseRows = {
          kind: 'phase',
          angle,
          phases: { frequencies: frequencies[angle], scale: Real.from(scale) },
          positions: { kind: 'range', start: 0, length: 2 ** 20 },
          width: 2 * pairs,
          runs: [
            { trig: 'cos', offset: 0, stride: 1, first: 0, count: pairs },
            { trig: 'sin', offset: pairs, stride: 1, first: 0, count: pairs },
          ],
        };
        const count = 600 * 2 * pairs;
        for (const dtype of ['f16', 'bf16'] as const) {
          const table = spec(dtype, 2 ** 20, 2 * pairs);
          for (const first of [0, 2 ** 26 - count]) {
            const ours = computed(gpu, rows, table, first, count)!;
            const theirs = computed(jsBackend, rows, table, first, count)!;
            t.equal(Buffer.compare(ours, theirs), 0, `${angle} ${scale} ${dtype} ${first}`);
            // What the kernel's float32 values would round to by themselves.
            const values = computed(gpu, rows, spec('f32', 2 ** 20, 2 * pairs), first, count)!;
            const rounded = new Uint16Array(count);
            const write = dtype === 'f16' ? writeFloat16 : writeBfloat16;
            write(new Float32Array(values.buffer), count, rounded, 0);
            elements += count;
            new Uint16Array(theirs.buffer).forEach((bits, i) => {
              if (bits !== rounded[i]) doubtful++;
            });
          }
        }
      }
    }
    t.equal(elements, 768_000);
    t.ok(doubtful > 0, `${doubtful} elements would be others without a second look`);
  });

  t.test(`${mode}: two tables that are read in turns do not disturb each other`, async (t) => {
    const table = (ratio: number): PhaseRows => ({
      kind: 'phase',
      angle: 'f32-product',
      phases: { frequencies: geometric(8, ratio), scale: Real.from(1.25) },
      below: { position: 300, phases: { frequencies: geometric(8, ratio / 2), scale: Real.one } },
      positions: { kind: 'range', start: 0, length: 1024 },
      width: 8,
      runs: [{ trig: 'sin', offset: 0, stride: 1, first: 0, count: 8 }],
    });
    const both = [table(0.7), table(0.3)];
    const whole = both.map((rows) => computed(gpu, rows, spec('f32', 1024, 8))!);
    const turns = both.map((rows) => gpu.prepare(rows, spec('f32', 1024, 8))!);
    const out = bytes(4 * 333);
    for (let first = 0; first + 333 <= 8192; first += 333) {
      turns.forEach((filler, i) => {
        filler.fill(first, 333, out);
        if (Buffer.compare(out, whole[i]!.subarray(4 * first, 4 * (first + 333))) !== 0)
          t.fail(`${i} ${first}`);
      });
    }
    t.not(Buffer.compare(whole[0]!, whole[1]!), 0, 'they are two');
  });

  t.test(`${mode}: what float32 cannot do as told is left to others`, async (t) => {
    const phases: PhaseRows = {
      kind: 'phase',
      angle: 'f32-product',
      phases: { frequencies: geometric(4, 0.5), scale: Real.one },
      positions: { kind: 'range', start: 2 ** 20 - 4, length: 4 },
      width: 4,
      runs: [{ trig: 'cos', offset: 0, stride: 1, first: 0, count: 4 }],
    };
    const biases: SlopeDistanceRows = {
      kind: 'slope-distance',
      slopes: geometric(2, 0.77),
      queryLength: 1,
      keyLength: 9,
      factor: 'key',
      causal: false,
      rounding: 'f32',
    };
    const buckets: BucketRows = {
      kind: 'bucket',
      base: 0,
      columns: 9,
      forward: Int32Array.of(1),
      backward: Int32Array.of(2),
    };
    const takes = (rows: Rows, dtype: DType) => gpu.prepare(rows, spec(dtype, 9, 9)) !== null;

    t.equal(takes(phases, 'f32'), true);
    t.equal(takes({ ...phases, positions: { kind: 'range', start: 2 ** 20 - 3, length: 4 } }, 'f32'), false);
    t.equal(takes({ ...phases, positions: { kind: 'list', values: [0] } }, 'f32'), false);

    t.equal(takes(biases, 'f64'), true);
    t.equal(takes({ ...biases, slopes: [Real.from(-1)] }, 'f32'), false, 'a product with a negative zero');
    t.equal(takes({ ...biases, slopes: [Real.from(2 ** -127)] }, 'f32'), false, 'a subnormal factor');
    t.equal(takes({ ...biases, rounding: 'real' }, 'f32'), true, 'a real product of float32 factors');
    t.equal(takes({ ...biases, rounding: 'real' }, 'f64'), false);
    t.equal(takes({ ...biases, rounding: 'real', slopes: [Real.ratio(1, 3)] }, 'f32'), false);

    t.equal(takes(buckets, 'i64'), true);
    t.equal(takes({ ...buckets, forward: Int32Array.of(2 ** 24 + 1) }, 'i64'), false);

    t.equal(takes({ kind: 'reals', values: [1] }, 'f32'), false);
    t.equal(takes({ kind: 'elements', at: () => 1 }, 'f32'), false);
  });
}

t.test('probing and starting gpu.js tells the mode or a reason, and prints nothing', async (t) => {
  const printed: unknown[] = [];
  const { write: toOut } = process.stdout;
  const { write: toErr } = process.stderr;
  const listen = (text: unknown) => printed.push(text) > 0;
  process.stdout.write = listen;
  process.stderr.write = listen;
  const told: string[] = [];
  try {
    for (const mode of gpuModes) {
      // A driver that works anyhow is started by the tests that are for it.
      const start = async () => {
        const renderer = await probeGpu(mode);
        return renderer ? `${mode} on ${renderer.name}` : (await startGpu(mode)).device;
      };
      told.push(await start().catch((error: Error) => error.message));
    }
  } finally {
    process.stdout.write = toOut;
    process.stderr.write = toErr;
  }
  t.same(printed, []);
  const reason = /no answer|its process ended/.source;
  t.match(
    told[0],
    new RegExp(`^webgpu (on .|is not installed|does not load: [^/]+$|finds no adapter)|${reason}`),
  );
  t.match(told[1], new RegExp(`^headlessgl on .|^gl is |${reason}`));
  t.same(told.slice(2), ['gpu.js webasm', 'gpu.js cpu']);
});

t.test('a renderer in software, or one that does not say what it is, is no GPU', async (t) => {
  const name = 'ANGLE (Mesa/X.org llvmpipe (LLVM 15.0.6, 256 bits) OpenGL 4.5 core)';
  t.equal(whyNoGpu(rendererNamed(name)), 'the renderer is software, slower than gpu.js without it');
  t.match(rendererNamed('Google SwiftShader'), { software: true });
  t.match(rendererNamed('Adapter 0', true), { software: true }, 'WebGPU calls it a fallback');
  for (const none of [null, ''])
    t.equal(whyNoGpu(rendererNamed(none)), 'the renderer does not tell whether it is a GPU');
  const gpu = 'ANGLE (NVIDIA Corporation, NVIDIA H100/PCIe/SSE2, OpenGL 4.5.0)';
  t.same(rendererNamed(gpu), { name: gpu, software: false });
  t.equal(whyNoGpu(rendererNamed(gpu)), null);
  t.equal(rendererNamed('Grafik für ℝ').name, 'Grafik f?r ?', 'the name goes into headers');
});

t.test('a process of its own tells what it printed or how it ended, whatever it does', async (t) => {
  const folder = t.testdir({
    'well.mjs': 'process.stdout.write(process.argv[2]);',
    'refuses.mjs': "process.stdout.write('there is no display'); process.exitCode = 1;",
    'hangs.mjs': 'setInterval(() => {}, 1000);',
    'crashes.mjs': "process.kill(process.pid, 'SIGSEGV'); setInterval(() => {}, 1000);",
    'floods.mjs': "setInterval(() => process.stderr.write('x'.repeat(65536)), 0);",
  });
  const run = (name: string, timeoutMs = 60_000) =>
    runApart(new URL(`file://${folder}/${name}`), ['an answer'], timeoutMs);
  t.equal(await run('well.mjs'), 'an answer');
  for (const [name, message] of [
    ['refuses.mjs', 'there is no display'],
    ['crashes.mjs', 'its process ended by SIGSEGV'],
    ['floods.mjs', 'its process printed errors without end'],
    ['missing.mjs', /missing\.mjs/],
  ] as const)
    await t.rejects(run(name), { message });
  await t.rejects(run('hangs.mjs', 200), { message: 'no answer within 200 ms' });
});

t.test('what a library prints meanwhile is heard instead, also where it throws', async (t) => {
  const { log, warn } = console;
  const { value, said } = quietly(() => {
    console.warn('no', new Error('context'));
    return 7;
  });
  t.equal(value, 7);
  t.same(said, ['no context']);
  t.throws(
    () =>
      quietly(() => {
        throw new Error('as it is');
      }),
    { message: 'as it is' },
  );
  t.equal(console.log, log);
  t.equal(console.warn, warn);
});
