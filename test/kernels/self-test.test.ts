import t from 'tap';
import type { Backend, BackendName, Filler } from '../../src/kernels/define.js';
import { startGpu } from '../../src/kernels/gpu/index.js';
import type { Renderer } from '../../src/kernels/gpu/renderer.js';
import { type BackendReport, jsBackend, Kernels } from '../../src/kernels/index.js';
import { outliving } from '../../src/kernels/outliving.js';
import type { Rows } from '../../src/kernels/rows.js';
import { type SelfTest, selfTest, selfTestFailure } from '../../src/kernels/self-test.js';
import { selfTestCases } from '../../src/kernels/self-test-cases.js';
import { type Candidate, measureBackends, startKernels, startQuickly } from '../../src/kernels/start.js';
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

t.test(
  'gpu.js passes with the bytes of biases, buckets and half precision, within its bound elsewhere',
  async (t) => {
    for (const mode of ['webasm', 'cpu'] as const) {
      const tests = selfTest(await startGpu(mode), cases);
      t.equal(selfTestFailure(tests), null);
      t.same([...new Set(tests.map(({ kind }) => kind))], ['phase', 'slope-distance', 'bucket']);
      for (const { kind, dtype, differing, max_error, allowed_error } of tests) {
        if (kind === 'phase' && dtype !== 'f16' && dtype !== 'bf16')
          t.ok((max_error ?? Infinity) <= allowed_error && allowed_error > 0);
        else t.equal(differing, 0);
      }
    }
  },
);

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
const candidate = (mode: string, start: () => Promise<Backend>): Candidate => ({ mode, start });

/** A candidate that a driver renders for. */
const rendered = (mode: string, renderer: Renderer, start: () => Promise<Backend>) => ({
  mode,
  probe: async () => renderer,
  start,
});

/** Ways to have gpu.js of which the sixth is offered; who is started, in order. */
function ways() {
  const asked: string[] = [];
  const start = (mode: string, backend: Backend) => async () => {
    asked.push(mode);
    return backend;
  };
  const software = { name: 'llvmpipe', software: true };
  const untranslated: Backend = {
    ...honest,
    prepare: () => {
      throw new Error('it cannot be translated');
    },
  };
  const candidates: Candidate[] = [
    candidate('one', () => Promise.reject(new Error('there is no driver'))),
    {
      mode: 'two',
      probe: () => Promise.reject(new Error('its process ended by SIGSEGV')),
      start: start('two', honest),
    },
    rendered('three', software, start('three', honest)),
    candidate('four', start('four', liar)),
    candidate('five', start('five', untranslated)),
    rendered('six', { name: 'a GPU', software: false }, start('six', honest)),
    candidate('seven', start('seven', honest)),
    rendered('eight', software, start('eight', liar)),
  ];
  return { asked, candidates };
}

const slow = 'the renderer is software, slower than gpu.js without it';

t.test('the first mode that starts and passes is offered; why others are not is told', async (t) => {
  const { asked, candidates } = ways();
  const kernels = await startKernels({ backend: 'auto' }, { wasm: [], gpu: candidates });
  t.same(asked, ['four', 'five', 'six'], 'what cannot be offered is not started');
  t.match(kernels.backend('gpu'), { device: 'an honest stub', maxError: honest.maxError });
  const [js, , gpu] = kernels.reports;
  t.match(js, { name: 'js', device: 'TypeScript', state: 'offered', reason: null });
  t.match(gpu, {
    name: 'gpu',
    mode: 'six',
    device: 'an honest stub',
    renderer: { name: 'a GPU', software: false },
    state: 'offered',
    reason: 'computes phase tables only when asked for',
  });
  t.same(
    gpu?.other_modes.map(({ mode, state, reason }) => [mode, state, reason]),
    [
      ['one', 'unavailable', 'there is no driver'],
      ['two', 'unavailable', 'its process ended by SIGSEGV'],
      ['three', 'unused', slow],
      ['four', 'unavailable', lie],
      ['five', 'unavailable', 'it cannot be translated'],
      ['seven', 'unused', 'six is offered in its place'],
      ['eight', 'unused', slow],
    ],
  );
});

t.test('on demand every mode that starts is measured, and told as the start-up would', async (t) => {
  const { asked, candidates } = ways();
  const [js, wasm, gpu] = await measureBackends({ wasm: [], gpu: candidates });
  t.same(asked, ['three', 'four', 'five', 'six', 'seven', 'eight']);
  t.match(js, { name: 'js', state: 'offered' });
  t.match(wasm, { name: 'wasm', state: 'unavailable', self_test: [] });
  t.match(gpu, { mode: 'six', state: 'offered' });
  t.same(
    gpu?.other_modes.map(({ mode, state, self_test }) => [mode, state, self_test.length > 0]),
    [
      ['one', 'unavailable', false],
      ['two', 'unavailable', false],
      ['three', 'unused', true],
      ['four', 'unavailable', true],
      ['five', 'unavailable', false],
      ['seven', 'unused', true],
      ['eight', 'unavailable', true],
    ],
  );
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
  t.match(report, { mode: null, device: null, state: 'unavailable', self_test: [] });
  const [failed] = report?.other_modes ?? [];
  t.match(failed, { device: 'a lying stub', state: 'unavailable' });
  t.match(
    failed?.self_test.find(({ table }) => table === 'buckets'),
    { differing: 1, max_error: 1, max_ulp: 1 },
  );
});

t.test('a backend that fails later is replaced by TypeScript, in the middle of a table', async (t) => {
  const told: string[] = [];
  let working = true;
  const mortal = marked('gpu', 2, {
    device: 'a mortal stub',
    prepare: () => ({
      fill(_first, _count, out) {
        if (!working) throw new Error('the device is lost');
        out.fill(2);
      },
    }),
  });
  const backend = outliving(mortal, marked('js', 1), ({ device }, reason) =>
    told.push(`${device}: ${reason}`),
  );
  const rows = cases[0]!.rows;
  const [one, two] = [0, 1].map(() => backend.prepare(rows, cases[0]!.spec)!);
  const who = (filler: Filler | undefined) => {
    const out = new Uint8Array(new ArrayBuffer(8));
    filler?.fill(0, 1, out);
    return out[7];
  };
  t.same([who(one), who(two)], [2, 2]);
  working = false;
  t.equal(who(one), 1);
  working = true;
  t.same([who(one), who(two), who(backend.prepare(rows, cases[0]!.spec)!)], [1, 1, 1], 'for good');
  t.same(told, ['a mortal stub: the device is lost'], 'told once');
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
      max_ulp: 0,
      allowed_error: 0,
      gb_per_s,
    }),
  );
  const mode = { mode: null, device: null, renderer: null, reason: null, bound: null };
  return { name, ...mode, state: 'offered', self_test, other_modes: [] };
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
  const exact = new Kernels([marked('js', 1), { ...gpu, exactDTypes: ['bf16'] }], kernels.reports);
  t.equal(who(exact, 'auto', 'phase', 'bf16'), 'gpu', 'the reference bytes in this dtype');
  t.equal(who(exact, 'auto', 'phase', 'f32'), 'js');
  t.equal(who(kernels, 'js', 'bucket', 'i64'), 'js');
  t.equal(who(kernels, 'gpu', 'phase', 'f32'), 'gpu');

  const picky = new Kernels([{ ...gpu, prepare: () => null }], []);
  t.equal(who(picky, 'auto', 'bucket', 'i64'), 'TypeScript itself');
  t.equal(who(picky, 'gpu', 'phase', 'f32'), 'TypeScript itself');
  const untimed = new Kernels([marked('js', 1), gpu], []);
  t.equal(who(untimed, 'auto', 'bucket', 'i64'), 'js', 'the first among equals');
  t.equal(untimed.whyNot('gpu'), 'it was not started');
});
