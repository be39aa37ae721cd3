import fc from 'fast-check';
import t, { type Test } from 'tap';
import type { Filler } from '../../src/kernels/define.js';
import { prepareJs } from '../../src/kernels/js/index.js';
import type { BucketRows, PhaseRows, PhaseRun, Rows, SlopeDistanceRows } from '../../src/kernels/rows.js';
import { WasmEngine } from '../../src/kernels/wasm/engine.js';
import { wasmOn } from '../../src/kernels/wasm/index.js';
import { Real } from '../../src/numerics/real.js';
import { type DType, dtypes, floatDTypes } from '../../src/tensor/dtype.js';
import { elementCount, type TensorSpec } from '../../src/tensor/spec.js';
import {
  compareExactTables,
  differing,
  fill,
  type KernelCase,
  kernelCases,
} from '../support/kernel-cases.js';
import {
  alibiRequests,
  ropeRequests,
  sinusoidalRequests,
  type TableRequest,
  t5Requests,
} from '../support/requests.js';
import type { Params } from '../support/tables.js';

const engine = await WasmEngine.start();
const wasm = wasmOn(engine);

/** A filler of WebAssembly, where there must be one. */
function prepareWasm(rows: Rows, spec: TensorSpec): Filler {
  const filler = wasm.prepare(rows, spec);
  if (!filler) throw new Error(`no kernel for ${rows.kind} as ${spec.dtype}`);
  return filler;
}

/** Elements compared with those of TypeScript, and how many of them differ. */
class Comparison {
  elements = 0;
  differing = 0;
  readonly first: string[] = [];

  /** Compares a slice; both kernels are asked for it from the start. */
  slice({ rows, spec }: KernelCase, first: number, count: number, what = ''): void {
    const ours = fill(prepareWasm(rows, spec), spec.dtype, first, count);
    this.add(ours, fill(prepareJs(rows, spec), spec.dtype, first, count), spec.dtype, what);
  }

  add(ours: Uint8Array, theirs: Uint8Array, dtype: DType, what: string): void {
    const apart = differing(ours, theirs, dtype);
    this.elements += theirs.length / dtypes[dtype].bytes;
    this.differing += apart;
    if (apart > 0 && this.first.length < 5) this.first.push(`${apart} of ${what}`);
  }

  /** Ends a test: how much was compared is part of it. */
  same(t: Test, least: number): void {
    t.same(this.first, []);
    t.equal(this.differing, 0, `${this.elements} elements compared`);
    t.ok(this.elements >= least, `at least ${least}`);
  }
}

const layouts = ['half', 'interleaved', 'compact', 'packed'] as const;

function rope(params: Params): readonly KernelCase[] {
  return kernelCases('rope', params);
}

t.test('every layout, dtype and profile has the bytes of TypeScript', async (t) => {
  const comparison = new Comparison();
  for (const profile of ['transformers', 'exact']) {
    for (const [layout, dtype] of [
      ...layouts.flatMap((layout) => floatDTypes.map((dtype) => [layout, dtype] as const)),
      ['complex', 'c64'] as const,
    ]) {
      const params = {
        head_dim: 128,
        rope_theta: 500000,
        start: 130_900,
        length: 600,
        layout,
        dtype,
        profile,
      };
      for (const one of rope(params))
        comparison.slice(one, 0, elementCount(one.spec.shape), JSON.stringify(params));
    }
  }
  comparison.same(t, 2 * 9 * 600 * 64);
});

t.test('every number of pairs from 1 to 67 has them, with all that is beyond groups of four', async (t) => {
  const comparison = new Comparison();
  for (let pairs = 1; pairs <= 67; pairs++) {
    const profile = pairs % 2 === 0 ? 'exact' : 'transformers';
    const layout = layouts[pairs % 4]!;
    for (const dtype of floatDTypes) {
      const params = { head_dim: 2 * pairs, start: 200, length: 70, layout, dtype, profile };
      for (const one of rope(params))
        comparison.slice(one, 0, elementCount(one.spec.shape), JSON.stringify(params));
    }
  }
  comparison.same(t, 4 * 70 * ((67 * 68) / 2));
});

/** Where the arithmetic changes: blocks, series, float32 positions, the last positions. */
const starts = [0, 255, 2 ** 17 - 100, 2 ** 24 - 100, 2 ** 31 - 100, 2 ** 53 - 300];

t.test('2048 rows from where the arithmetic changes have them, whatever the law', async (t) => {
  const laws: Params[] = [
    { rope_theta: 10000 },
    { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 4096, attention_factor: 1.37 },
    {
      rope_type: 'longrope',
      short_factor: Array.from({ length: 10 }, (_, i) => 1 + i / 7),
      long_factor: Array.from({ length: 10 }, (_, i) => 3 + i),
      original_max_position_embeddings: 4096,
      factor: 32,
      seq_len: 100_000,
      unscaled_positions: 700,
    },
    // Frequencies of 0.
    { rope_type: 'proportional', partial_rotary_factor: 0.5 },
  ];
  const comparison = new Comparison();
  laws.forEach((law, i) => {
    for (const start of starts) {
      const length = Math.min(2048, 2 ** 53 - start);
      for (const profile of ['transformers', 'exact']) {
        // TypeScript computes far positions of this profile one element at a time.
        const rows = profile === 'transformers' && start + length > 2 ** 24 ? 150 : length;
        const dtype = floatDTypes[(i + starts.indexOf(start)) % 4]!;
        const params = { head_dim: 20, layout: 'packed', dtype, profile, start, length: rows, ...law };
        for (const one of rope(params))
          comparison.slice(one, 0, elementCount(one.spec.shape), JSON.stringify(params));
      }
    }
  });
  comparison.same(t, 1_000_000);
});

function likeTypeScript(t: Test, requests: fc.Arbitrary<TableRequest>, seed: number, least: number): void {
  const comparison = new Comparison();
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(requests, share, share, ({ encoding, params }, from, length) => {
      for (const one of kernelCases(encoding, params)) {
        if (!wasm.prepare(one.rows, one.spec)) continue;
        const total = elementCount(one.spec.shape);
        const first = Math.floor(from * from * (total - 1));
        const count = 1 + Math.floor(length * Math.min(total - first - 1, 20_000));
        comparison.slice(one, first, count, JSON.stringify({ encoding, params, first, count }));
      }
      return comparison.differing === 0;
    }),
    { numRuns: 120, seed },
  );
  comparison.same(t, least);
}

t.test('any slice of any table of rope has them', async (t) => likeTypeScript(t, ropeRequests, 31, 80_000));
t.test('any slice of sinusoids has them', async (t) => likeTypeScript(t, sinusoidalRequests, 32, 80_000));
t.test('any slice of biases has them', async (t) => likeTypeScript(t, alibiRequests, 33, 80_000));
t.test('any slice of a map of buckets has them', async (t) => likeTypeScript(t, t5Requests, 34, 80_000));

t.test('the tables of mpmath come out bit for bit', async (t) => {
  const { tables, wrong } = compareExactTables(
    (rows, spec) => wasm.prepare(rows, spec) ?? prepareJs(rows, spec),
  );
  t.same(wrong, []);
  t.equal(tables, 232);
});

/** Positions of a head of 128, base 10000, at which a value is too close to halfway between two others. */
const doubtful: Readonly<Record<'f64' | 'f32' | 'f16', readonly number[]>> = {
  f64: [54_289, 84_444, 88_456, 147_392],
  f32: [38_246, 230_738, 365_961, 536_479],
  f16: [2_976_368],
};

t.test('what the kernels leave undecided is decided as in TypeScript, and is rare', async (t) => {
  let undecided = 0;
  const { exactPhase } = engine.kernels;
  t.intercept(engine, 'kernels', {
    value: {
      ...engine.kernels,
      exactPhase: (...task: Parameters<typeof exactPhase>) => {
        const count = exactPhase(...task);
        undecided += count;
        return count;
      },
    },
  });
  const comparison = new Comparison();
  for (const dtype of ['f64', 'f32', 'f16'] as const) {
    const positions = doubtful[dtype];
    const one = rope({ head_dim: 128, layout: 'packed', profile: 'exact', dtype, positions })[0]!;
    undecided = 0;
    comparison.slice(one, 0, 128 * positions.length, dtype);
    t.equal(undecided, positions.length, `${dtype}: one element at each position`);
  }
  comparison.same(t, 9 * 128);
  for (const dtype of floatDTypes) {
    const one = rope({
      head_dim: 128,
      layout: 'packed',
      profile: 'exact',
      dtype,
      start: 1,
      length: 8192,
    })[0]!;
    undecided = 0;
    fill(prepareWasm(one.rows, one.spec), dtype, 0, 128 * 8192);
    t.ok(undecided <= 1, `${undecided} of ${128 * 8192} values of ${dtype}`);
  }
});

const frequencies = Array.from({ length: 12 }, (_, j) => Real.from(Math.fround(1 / (1 + j * j))));

function phaseRows(runs: readonly PhaseRun[], width: number, more: Partial<PhaseRows> = {}): PhaseRows {
  return {
    kind: 'phase',
    angle: 'f32-product',
    phases: { frequencies, scale: Real.one },
    positions: { kind: 'range', start: 100, length: 400 },
    width,
    runs,
    ...more,
  };
}

const run = (
  trig: PhaseRun['trig'],
  offset: number,
  stride: number,
  first: number,
  count: number,
): PhaseRun => ({
  trig,
  offset,
  stride,
  first,
  count,
});

const spec = (dtype: DType, ...shape: number[]): TensorSpec => ({ name: 'table', shape, dtype });

t.test(
  'rows of other runs have them where a shape fits, and are left to others where none does',
  async (t) => {
    const fitting: [PhaseRun[], number][] = [
      // Parts of the pairs, in another order than they have, and zeros between them.
      [[run('sin', 7, 1, 5, 7), run('zero', 6, 1, 0, 1), run('cos', 0, 1, 2, 6)], 14],
      [[run('sin', 0, 2, 3, 5), run('cos', 1, 2, 3, 4), run('zero', 9, 1, 0, 3)], 12],
      // Three places of the same pairs.
      [[run('cos', 0, 1, 0, 5), run('cos', 5, 1, 0, 5), run('cos', 10, 1, 0, 5)], 15],
      [[run('sin', 1, 2, 1, 11), run('sin', 0, 2, 1, 11)], 22],
    ];
    const comparison = new Comparison();
    for (const [runs, width] of fitting) {
      for (const dtype of floatDTypes) {
        for (const angle of ['f32-product', 'f64-quotient', 'real'] as const) {
          const one = { rows: phaseRows(runs, width, { angle }), spec: spec(dtype, 400, width) };
          comparison.slice(one, 0, 400 * width, `${dtype} ${angle} ${JSON.stringify(runs)}`);
        }
      }
    }
    comparison.same(t, 4 * 3 * 400 * 63);
    for (const [runs, width] of [
      [[run('cos', 0, 3, 0, 4), run('sin', 1, 3, 0, 4), run('zero', 2, 3, 0, 4)], 12],
      [[run('cos', 0, 2, 0, 4)], 8],
      [[run('cos', 0, 1, 0, 4)], 5],
    ] as const) {
      t.equal(wasm.prepare(phaseRows(runs, width), spec('f32', 400, width)), null, JSON.stringify(runs));
    }
  },
);

t.test('scattered and fractional positions have them among those that follow one another', async (t) => {
  const values = [
    7,
    8,
    9,
    9,
    10,
    0.5,
    11,
    12,
    300,
    255,
    256,
    2 ** 24 - 1,
    2 ** 24,
    2 ** 52,
    3,
    4,
    5,
    2 ** 53 - 1,
  ];
  const comparison = new Comparison();
  for (const dtype of floatDTypes) {
    for (const angle of ['f32-product', 'f64-quotient', 'real'] as const) {
      const runs = [run('cos', 0, 1, 0, 12), run('sin', 12, 1, 0, 12)];
      const below = { position: 9, phases: { frequencies, scale: Real.from(1.25) } };
      const rows = phaseRows(runs, 24, { angle, positions: { kind: 'list', values }, below });
      const one = { rows, spec: spec(dtype, values.length, 24) };
      comparison.slice(one, 0, values.length * 24, `${dtype} ${angle}`);
      comparison.slice(one, 30, 200, `${dtype} ${angle}, a part`);
    }
  }
  comparison.same(t, 12 * (values.length * 24 + 200));
});

t.test('angles beyond the series have them, pair by pair', async (t) => {
  // At these positions some pairs have left the last series and some have not; the quotients are to follow.
  const large = [0.3, 1, 900, 3, 70_000, 0.001, 2].map((w) => Real.from(Math.fround(w)));
  const runs = [run('cos', 0, 2, 0, 7), run('sin', 1, 2, 0, 7)];
  const comparison = new Comparison();
  for (const start of [100, 18_500, 5_592_000, 16_777_000]) {
    for (const angle of ['f32-product', 'f64-quotient'] as const) {
      const divisors = large.map((w) => Real.one.div(w).toNumber()).map((w) => Real.from(w));
      const phases = { frequencies: angle === 'f32-product' ? large : divisors, scale: Real.from(0.75) };
      const rows = phaseRows(runs, 14, { angle, phases, positions: { kind: 'range', start, length: 300 } });
      comparison.slice({ rows, spec: spec('f32', 300, 14) }, 0, 300 * 14, `${angle} from ${start}`);
    }
  }
  comparison.same(t, 8 * 300 * 14);
});

t.test('biases whose products are hard to round have them', async (t) => {
  const slopes = [
    ...[0.5, 2 ** -7, 0.1, 1 / 3, 2 ** -20, 0, 2 ** -140, 2 ** -1000, 3.75].map((slope) => Real.from(slope)),
    Real.two.pow(Real.ratio(-1, 2)),
    Real.from(-0.3),
    Real.from(-0.375),
    // float16 subnormals, and values next to halfway between two of them.
    Real.from(2 ** -24 * 0.999),
    Real.from(2 ** -25).add(Real.powerOfTwo(-80)),
    Real.from(2 ** -25).sub(Real.powerOfTwo(-80)),
    Real.from(65519 / 1000),
  ];
  const comparison = new Comparison();
  for (const dtype of floatDTypes) {
    for (const rounding of ['f32', 'bf16', 'real'] as const) {
      for (const factor of ['distance', 'key', 'key-last'] as const) {
        for (const slope of slopes) {
          const rows: SlopeDistanceRows = {
            kind: 'slope-distance',
            slopes: [slope, slope.mul(3)],
            queryLength: 3,
            keyLength: 1009,
            factor,
            causal: factor === 'distance',
            rounding,
          };
          const one = { rows, spec: spec(dtype, 2, 3, 1009) };
          if (wasm.prepare(rows, one.spec))
            comparison.slice(one, 0, 6054, `${dtype} ${rounding} ${factor} ${slope.toNumber()}`);
        }
      }
    }
  }
  comparison.same(t, 2_000_000);
});

t.test('buckets have them near and far, with tables of one entry and with none to spare', async (t) => {
  const comparison = new Comparison();
  for (const [forward, backward] of [
    [[5], [6]],
    [[1, 2, 3], [9]],
    [[0], [0, 4, 5, 6, 7]],
    [Array.from({ length: 90 }, (_, i) => i * i), Array.from({ length: 70 }, (_, i) => 10_000 + i)],
  ] as const) {
    for (const base of [0, -50, 2 ** 45, -(2 ** 45)]) {
      for (const dtype of ['i64', 'i32'] as const) {
        const rows: BucketRows = {
          kind: 'bucket',
          base,
          columns: 131,
          forward: Int32Array.from(forward),
          backward: Int32Array.from(backward),
        };
        comparison.slice({ rows, spec: spec(dtype, 300, 131) }, 77, 39_000, `${dtype} ${base}`);
      }
    }
  }
  comparison.same(t, 32 * 39_000);
  const huge = { kind: 'bucket', base: 0, columns: 4, backward: Int32Array.of(0) } as const;
  t.equal(
    wasm.prepare({ ...huge, forward: new Int32Array(2 ** 22) }, spec('i32', 4, 4)),
    null,
    'a table that would leave no room for others',
  );
});

t.test('blocks of the memory are filled without a copy, and with nothing beside them', async (t) => {
  const block = engine.block(100_000);
  t.ok(block.buffer instanceof SharedArrayBuffer);
  // Memory that grows later leaves the block where it is.
  engine.block(70_000);
  const comparison = new Comparison();
  const cases = [
    ...rope({ head_dim: 40, length: 1000, layout: 'interleaved', dtype: 'bf16', profile: 'exact' }),
    ...rope({ head_dim: 14, length: 1000, layout: 'packed', start: 2 ** 24 - 30 }),
    ...kernelCases('alibi-bias', { num_heads: 12, key_length: 99, profile: 'exact', causal: true }),
    ...kernelCases('t5-buckets', { query_length: 100, key_length: 99 }),
  ];
  for (const one of cases) {
    const { bytes } = dtypes[one.spec.dtype];
    for (const [first, count] of [
      [0, 1000],
      [333, 4001],
      [5001, 1],
    ] as const) {
      block.fill(0xa5);
      const out = block.subarray(64, 64 + count * bytes);
      prepareWasm(one.rows, one.spec).fill(first, count, out);
      const theirs = fill(prepareJs(one.rows, one.spec), one.spec.dtype, first, count);
      comparison.add(out, theirs, one.spec.dtype, `${one.spec.name} ${first} ${count}`);
      const beside = [...block.subarray(0, 64), ...block.subarray(64 + count * bytes)];
      t.ok(
        beside.every((byte) => byte === 0xa5),
        `${one.spec.name}: nothing else is written`,
      );
    }
  }
  comparison.same(t, cases.length * 5002);
});

t.test('the last block of all the memory is filled to its end', async (t) => {
  // Addresses reach no further; what nobody touches costs nothing.
  const full = await WasmEngine.start();
  let last = full.block(65_536);
  for (const bytes of [2 ** 28, 2 ** 22, 65_536]) {
    for (let next = last; full.addressOf(next) !== null; next = full.block(bytes)) last = next;
  }
  t.ok(last.byteOffset + last.length > 2 ** 32 - 2 ** 18, 'it is close to the end');
  const comparison = new Comparison();
  for (const one of [
    ...kernelCases('t5-buckets', { query_length: 100, key_length: 200 }),
    ...kernelCases('t5-buckets', { query_length: 100, key_length: 200, dtype: 'i32' }),
    ...kernelCases('alibi-bias', { num_heads: 12, key_length: 3000, profile: 'exact' }),
    ...rope({ head_dim: 128, length: 300, layout: 'packed', profile: 'exact', dtype: 'f64' }),
    ...rope({ head_dim: 128, length: 300, layout: 'packed', dtype: 'bf16' }),
  ]) {
    const { dtype } = one.spec;
    const count = last.length / dtypes[dtype].bytes;
    last.fill(0xa5);
    const filler = wasmOn(full).prepare(one.rows, one.spec);
    filler?.fill(0, count, last);
    comparison.add(last, fill(prepareJs(one.rows, one.spec), dtype, 0, count), dtype, dtype);
  }
  comparison.same(t, 8192 + 16_384 + 16_384 + 8192 + 32_768);
});

t.test('a filler whose tables had to give way writes them again', async (t) => {
  const size = 600_000;
  const one = rope({ head_dim: 64, length: 2000, dtype: 'f32', profile: 'exact' })[0]!;
  const filler = prepareWasm(one.rows, one.spec);
  const count = 64 * 300;
  const before = fill(filler, 'f32', 0, count);
  const rooms = Array.from({ length: Math.ceil(engine.arena.bytes / size) + 1 }, () =>
    engine.arena.take(size),
  );
  for (const { address, bytes, lost } of rooms) {
    if (!lost) new Uint8Array(engine.memory.buffer, address, bytes).fill(0xff);
  }
  t.ok(fill(filler, 'f32', 0, count).equals(before));
  t.ok(
    fill(filler, 'f32', 64 * 255, count).equals(fill(prepareJs(one.rows, one.spec), 'f32', 64 * 255, count)),
  );
});
