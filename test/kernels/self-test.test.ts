import t from 'tap';
import type { Backend, BackendName, Filler } from '../../src/kernels/define.js';
import { startGpu } from '../../src/kernels/gpu/index.js';
import { type BackendReport, jsBackend, Kernels } from '../../src/kernels/index.js';
import type { Rows } from '../../src/kernels/rows.js';
import { type SelfTest, selfTest, selfTestFailure } from '../../src/kernels/self-test.js';
import { selfTestCases } from '../../src/kernels/self-test-cases.js';
import { startKernels, startQuickly } from '../../src/kernels/start.js';
import { type DType, dtypes } from '../../src/tensor/dtype.js';
import type { TensorSpec } from '../../src/tensor/spec.js';

const cases = selfTestCases();

/** A backend that computes as TypeScript does; `spoil` then changes the bytes of a block. */
function spoilt(
  spoil: (block: Uint8Array, first: number, rows: Rows, spec: TensorSpec) => void,
  more: Partial<Backend> = {},
): Backend {
  return {
    ...jsBackend,
    name: 'gpu',
    device: 'a stub',
    prepare: (rows, spec) => {
      const honest = jsBackend.prepare(rows, spec)!;
      return {
        fill(first, count, out) {
          honest.fill(first, count, out);
          spoil(out.subarray(0, count * dtypes[spec.dtype].bytes), first, rows, spec);
        },
      };
    },
    ...more,
  };
}

/** One bit, the last of the value of the last element of the block. */
function flipLastBit(block: Uint8Array, spec: TensorSpec): void {
  const at = block.length - dtypes[spec.dtype].bytes;
  block[at] = block[at]! ^ 1;
}

t.test('the self-test covers every kind of rows, every rule and every dtype', async (t) => {
  const rows = cases.map((testCase) => testCase.rows);
  const set = (values: unknown[]) => [...new Set(values)].sort();
  t.same(set(rows.map(({ kind }) => kind)), ['bucket', 'elements', 'phase', 'reals', 'slope-distance']);
  t.same(set(cases.map(({ spec }) => spec.dtype)), Object.keys(dtypes).sort());
  t.same(set(rows.flatMap((row) => (row.kind === 'phase' ? [row.angle] : []))), [
    'f32-product',
    'f64-quotient',
    'real',
  ]);
  const biases = rows.flatMap((row) => (row.kind === 'slope-distance' ? [row] : []));
  t.same(set(biases.map(({ rounding }) => rounding)), ['bf16', 'f32', 'real']);
  t.same(set(biases.map(({ factor }) => factor)), ['distance', 'key', 'key-last']);
});

t.test('the TypeScript kernels give the reference bytes of every case', async (t) => {
  const tests = selfTest(jsBackend, cases);
  t.equal(tests.length, cases.length);
  t.equal(selfTestFailure(tests), null);
  for (const { table, dtype, elements, differing, max_error, allowed_error, gb_per_s } of tests) {
    t.same(
      { differing, max_error, allowed_error },
      { differing: 0, max_error: 0, allowed_error: 0 },
      `${table}, ${dtype}`,
    );
    t.ok(elements >= 64 && gb_per_s > 0);
  }
  t.equal(
    tests.reduce((sum, { elements }) => sum + elements, 0),
    11_408,
  );
});

t.test('gpu.js passes with the bytes of biases and buckets, and within its bound elsewhere', async (t) => {
  for (const mode of ['webasm', 'cpu'] as const) {
    const tests = selfTest(await startGpu(mode), cases);
    t.equal(selfTestFailure(tests), null);
    t.same([...new Set(tests.map(({ kind }) => kind))], ['phase', 'slope-distance', 'bucket']);
    for (const { kind, differing, max_error, allowed_error } of tests) {
      if (kind === 'phase') t.ok((max_error ?? Infinity) <= allowed_error && allowed_error > 0);
      else t.equal(differing, 0);
    }
  }
});

t.test('one wrong bit in any case is found and told', async (t) => {
  for (const testCase of cases) {
    const { table, spec, slices } = testCase;
    const last = slices.at(-1)!;
    const liar = spoilt((block, first) => {
      if (first === last.first) flipLastBit(block, spec);
    });
    const total = slices.reduce((sum, { count }) => sum + count, 0);
    t.equal(
      selfTestFailure(selfTest(liar, [testCase])),
      `1 of ${total} elements of ${table} as ${spec.dtype} are not the reference bytes`,
    );
  }
});

t.test('where a bound is told, what is beyond it fails and what is within passes', async (t) => {
  const maxError = { phase: 1e-6 };
  const off = (error: number) =>
    spoilt(
      (block, _first, rows, { dtype }) => {
        if (rows.kind !== 'phase' || dtype !== 'f64') return;
        const values = new Float64Array(block.buffer, block.byteOffset, block.length / 8);
        values[0] = values[0]! + error;
      },
      { maxError },
    );
  const within = selfTest(off(0.9e-6), cases);
  t.equal(selfTestFailure(within), null);
  t.match(
    within.find(({ dtype }) => dtype === 'f64'),
    { differing: 4, allowed_error: 1e-6 + 2 ** -54 },
  );
  t.equal(within.length, cases.filter(({ rows }) => rows.kind === 'phase').length, 'no kernel, no test');
  t.match(
    selfTestFailure(selfTest(off(1.1e-6), cases)),
    /^real angles as f64 is off by 0\.0000011\d*, 0\.000001/,
  );
  const infinite = selfTest(off(Infinity), cases);
  t.equal(infinite.find(({ dtype }) => dtype === 'f64')?.max_error, null);
  t.match(selfTestFailure(infinite), /^real angles as f64 is off by more than any number/);
});

t.test('a backend that computes nothing fails', async (t) => {
  const idle: Backend = { ...jsBackend, maxError: {} };
  t.equal(selfTestFailure(selfTest(idle, cases)), 'it computed none of the tables of the self-test');
});

const honest = spoilt(() => {}, { device: 'an honest stub', maxError: { phase: 1e-7, bucket: 0 } });
const liar = spoilt(
  (block, first, { kind }, spec) => {
    if (kind === 'bucket' && first === 0) flipLastBit(block, spec);
  },
  { device: 'a lying stub' },
);
const lie = '1 of 2100 elements of buckets as i64 are not the reference bytes';
const candidate = (mode: string, start: () => Promise<Backend>) => ({ mode, start });

t.test('the first mode that starts and passes is offered; why others are not is told', async (t) => {
  const asked: string[] = [];
  const gpuModes = [
    candidate('one', () => Promise.reject(new Error('there is no driver'))),
    candidate('two', async () => liar),
    candidate('three', async () => ({
      ...honest,
      prepare: () => {
        throw new Error('it cannot be translated');
      },
    })),
    candidate('four', async () => honest),
    candidate('five', async () => {
      asked.push('five');
      return honest;
    }),
  ];
  const kernels = await startKernels({ backend: 'auto' }, { wasm: [], gpu: gpuModes });
  t.same(asked, [], 'the rest is not tried');
  t.equal(kernels.backend('gpu'), honest);
  const [js, , gpu] = kernels.reports;
  t.match(js, { name: 'js', device: 'TypeScript', state: 'offered', reason: null });
  t.match(gpu, {
    name: 'gpu',
    device: 'an honest stub',
    state: 'offered',
    reason: `computes phase tables only when asked for; one: there is no driver; two: ${lie}; three: it cannot be translated`,
  });
});

t.test('a backend whose every mode fails is not offered, and what it failed at is told', async (t) => {
  const kernels = await startKernels(
    { backend: 'gpu' },
    {
      wasm: [candidate('simd', () => Promise.reject(new Error('there is no SIMD')))],
      gpu: [
        candidate('one', async () => liar),
        candidate('two', () => Promise.reject(new Error('there is no driver'))),
      ],
    },
  );
  t.same(kernels.backends, [jsBackend]);
  t.equal(kernels.whyNot('wasm'), 'simd: there is no SIMD');
  t.equal(kernels.whyNot('gpu'), `one: ${lie}; two: there is no driver`);
  const report = kernels.reports.find(({ name }) => name === 'gpu');
  t.match(report, { device: 'a lying stub', state: 'unavailable' });
  t.match(
    report?.self_test.find(({ table }) => table === 'buckets'),
    { differing: 1, max_error: 1 },
  );
});

t.test('WebAssembly is offered before TypeScript, with the reference bytes of all it computes', async (t) => {
  const kernels = await startKernels({ backend: 'auto' }, { gpu: [] });
  t.same(
    kernels.backends.map(({ name }) => name),
    ['wasm', 'js'],
  );
  const report = kernels.reports.find(({ name }) => name === 'wasm');
  t.match(report, {
    device: 'WebAssembly SIMD',
    state: 'offered',
    reason: null,
    bound: 'the reference bytes',
  });
  const tests = report?.self_test ?? [];
  t.same([...new Set(tests.map(({ kind }) => kind))], ['phase', 'slope-distance', 'bucket']);
  for (const { table, dtype, differing, allowed_error } of tests)
    t.same({ differing, allowed_error }, { differing: 0, allowed_error: 0 }, `${table}, ${dtype}`);
});

t.test('what the operator did not choose is not started', async (t) => {
  const none = [candidate('one', async () => t.fail('it was started') as never)];
  const js = await startKernels({ backend: 'js' }, { wasm: none, gpu: none });
  t.same(js.backends, [jsBackend]);
  t.equal(js.whyNot('wasm'), 'the operator chose js');
  t.equal(js.whyNot('gpu'), 'the operator chose js');
  t.equal(js.reports.find(({ name }) => name === 'js')?.self_test.length, cases.length);

  const wasm = await startKernels({ backend: 'wasm' }, { gpu: none });
  t.type(wasm.backend('wasm'), 'object');
  t.equal(wasm.whyNot('gpu'), 'the operator chose wasm');
});

t.test('for one table the kernels are there without a self-test', async (t) => {
  const kernels = await startQuickly();
  t.same(
    kernels.backends.map(({ name }) => name),
    ['wasm', 'js'],
  );
  t.same(kernels.reports, []);
});

/** A backend that marks who filled. */
function marked(name: BackendName, mark: number, more: Partial<Backend> = {}): Backend {
  const filler: Filler = { fill: (_first, _count, out) => out.fill(mark) };
  return { ...jsBackend, name, prepare: () => filler, ...more };
}

function report(name: BackendName, speeds: readonly [Rows['kind'], DType, number][]): BackendReport {
  const self_test = speeds.map(
    ([kind, dtype, gb_per_s]): SelfTest => ({
      table: 'any',
      kind,
      dtype,
      elements: 1,
      differing: 0,
      max_error: 0,
      allowed_error: 0,
      gb_per_s,
    }),
  );
  return { name, device: null, state: 'offered', reason: null, bound: null, self_test };
}

t.test('auto takes the fastest backend with the reference bytes', async (t) => {
  const rows = (kind: Rows['kind']): Rows => cases.find((testCase) => testCase.rows.kind === kind)!.rows;
  const spec = (dtype: DType): TensorSpec => ({ name: 'table', shape: [8], dtype });
  const gpu = marked('gpu', 2, { maxError: { bucket: 0, phase: 1e-7 } });
  const kernels = new Kernels(
    [marked('js', 1), gpu],
    [
      report('js', [
        ['bucket', 'i64', 1],
        ['bucket', 'i32', 3],
        ['phase', 'f32', 1],
      ]),
      report('gpu', [
        ['bucket', 'i64', 2],
        ['bucket', 'i32', 2],
        ['phase', 'f32', 9],
      ]),
    ],
  );
  const who = (among: Kernels, choice: 'auto' | 'js' | 'gpu', kind: Rows['kind'], dtype: DType) => {
    const out = new Uint8Array(new ArrayBuffer(8));
    among.prepare(choice, rows(kind), spec(dtype)).fill(0, 1, out);
    return out[0] === 1 ? 'js' : out[0] === 2 ? 'gpu' : 'TypeScript itself';
  };
  t.equal(who(kernels, 'auto', 'bucket', 'i64'), 'gpu');
  t.equal(who(kernels, 'auto', 'bucket', 'i32'), 'js');
  t.equal(
    who(kernels, 'auto', 'bucket', 'f32'),
    'gpu',
    'a dtype that was not timed is as fast as the slowest',
  );
  t.equal(who(kernels, 'auto', 'phase', 'f32'), 'js', 'faster, but not the reference bytes');
  t.equal(who(kernels, 'auto', 'slope-distance', 'f32'), 'js', 'no kernel');
  t.equal(who(kernels, 'js', 'bucket', 'i64'), 'js');
  t.equal(who(kernels, 'gpu', 'phase', 'f32'), 'gpu');

  const picky = new Kernels([{ ...gpu, prepare: () => null }], []);
  t.equal(who(picky, 'auto', 'bucket', 'i64'), 'TypeScript itself');
  t.equal(who(picky, 'gpu', 'phase', 'f32'), 'TypeScript itself');
  const untimed = new Kernels([marked('js', 1), gpu], []);
  t.equal(who(untimed, 'auto', 'bucket', 'i64'), 'js', 'the first among equals');
  t.equal(untimed.whyNot('gpu'), 'it was not started');
});
