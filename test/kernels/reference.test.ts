import t from 'tap';
import { prepareReference } from '../../src/kernels/reference.js';
import type { PhaseRows, Rows } from '../../src/kernels/rows.js';
import { Real } from '../../src/numerics/real.js';
import { type DType, dtypes } from '../../src/tensor/dtype.js';
import { elementCount } from '../../src/tensor/spec.js';
import { compareExactTables, fill } from '../support/kernel-cases.js';

/** The bytes of a small tensor. */
function whole(rows: Rows, dtype: DType, shape: readonly number[]): ArrayBuffer {
  const spec = { name: 'x', shape, dtype };
  const bytes = fill(prepareReference(rows, spec), dtype, 0, elementCount(shape));
  return new Uint8Array(bytes).buffer;
}

const f32 = (rows: Rows, shape: readonly number[]) => [...new Float32Array(whole(rows, 'f32', shape))];
const f64 = (rows: Rows, shape: readonly number[]) => [...new Float64Array(whole(rows, 'f64', shape))];

t.test('the tables of mpmath come out bit for bit', async (t) => {
  const { tables, elements, wrong } = compareExactTables(prepareReference);
  t.same(wrong, []);
  t.same({ tables, elements }, { tables: 232, elements: 10108 });
});

const phase: PhaseRows = {
  kind: 'phase',
  angle: 'real',
  phases: { frequencies: [Real.one, Real.zero], scale: Real.two },
  positions: { kind: 'range', start: 0, length: 2 },
  width: 5,
  runs: [
    { trig: 'cos', offset: 0, stride: 2, first: 0, count: 2 },
    { trig: 'sin', offset: 1, stride: 2, first: 0, count: 2 },
    { trig: 'zero', offset: 4, stride: 1, first: 0, count: 1 },
  ],
};

/** 2 cos 1 and 2 sin 1 in float64. */
const [c, s] = [1.0806046117362795, 1.682941969615793];

t.test('runs say where cosines, sines and zeros stand in a row, and the scale multiplies them', async (t) => {
  t.same(f64(phase, [2, 5]), [2, 0, 2, 0, 0, c, s, 2, 0, 0]);
  const second: PhaseRows = {
    ...phase,
    width: 2,
    runs: [
      { trig: 'sin', offset: 1, stride: 1, first: 0, count: 1 },
      { trig: 'cos', offset: 0, stride: 1, first: 1, count: 1 },
    ],
  };
  t.same(f64(second, [2, 2]), [2, 0, 2, s], 'a run may begin at any pair');
});

t.test('c64 is a pair of float32, the real part first', async (t) => {
  const rows: PhaseRows = { ...phase, width: 4, runs: phase.runs.slice(0, 2) };
  const pairs = [...new Float32Array(whole(rows, 'c64', [2, 2]))];
  t.same(pairs, [2, 0, 2, 0, Math.fround(c), Math.fround(s), 2, 0]);
});

t.test('positions below the border take the phases of their own', async (t) => {
  const rows: PhaseRows = {
    ...phase,
    below: { position: 1, phases: { frequencies: [Real.zero, Real.zero], scale: Real.one } },
    positions: { kind: 'list', values: [0.5, 1, 0] },
    width: 1,
    runs: [{ trig: 'cos', offset: 0, stride: 1, first: 0, count: 1 }],
  };
  t.same(f64(rows, [3, 1]), [1, c, 1]);
});

t.test('the float32 rule rounds position, angle, value and scaled value, each to float32', async (t) => {
  // A frequency of 1: the float32 of 2^24 + 1 is 2^24, that of 0.1 is its own.
  const rows: PhaseRows = {
    ...phase,
    angle: 'f32-product',
    phases: { frequencies: [Real.one], scale: Real.from(1.1) },
    positions: { kind: 'list', values: [2 ** 24 + 1, 2 ** 24, 0.1, Math.fround(0.1)] },
    width: 1,
    runs: [{ trig: 'sin', offset: 0, stride: 1, first: 0, count: 1 }],
  };
  const [a, b, x, y] = f32(rows, [4, 1]);
  t.equal(a, b, 'positions beyond 2^24 are float32');
  t.equal(x, y);
  // sin 0.1f = 0.09983341813..., as float32 0.09983342; times the float32 1.1.
  t.equal(x, Math.fround(Math.fround(0.0998334181294499) * Math.fround(1.1)));
  t.same(f64(rows, [4, 1]), [a, b, x, y], 'f64 holds the float32 values');
});

t.test('the float64 rule takes a quotient, and rounds its value to float32', async (t) => {
  const rows: PhaseRows = {
    ...phase,
    angle: 'f64-quotient',
    phases: { frequencies: [Real.from(3)], scale: Real.one },
    positions: { kind: 'list', values: [3, 0] },
    width: 1,
    runs: [{ trig: 'cos', offset: 0, stride: 1, first: 0, count: 1 }],
  };
  t.same(f64(rows, [2, 1]), [Math.fround(0.5403023058681398), 1]);
});

const slope = Real.from(0.1);
const bias = (rounding: 'real' | 'f32' | 'bf16', causal = false): Rows => ({
  kind: 'slope-distance',
  slopes: [slope, Real.from(0.25)],
  queryLength: 2,
  keyLength: 3,
  factor: 'distance',
  causal,
  rounding,
});

t.test('a distance is that of a key from the query, the last of which stands at the last key', async (t) => {
  const distances = [1, 0, 1, 2, 1, 0];
  t.same(
    f64(bias('real'), [2, 2, 3]),
    [0.1, 0.25].flatMap((slope) => distances.map((distance) => 0 - slope * distance)),
  );
  const causal = f64(bias('real', true), [2, 2, 3]);
  t.same(causal.slice(0, 6), [-0.1, 0, -Infinity, -0.2, -0.1, 0]);
  const row = (factor: 'key' | 'key-last'): Rows => ({ ...bias('real'), queryLength: 1, factor }) as Rows;
  t.same(f64(row('key'), [2, 3]), [0, 0.1, 0.2, 0, 0.25, 0.5]);
  t.same(f64(row('key-last'), [2, 3]), [-0.2, -0.1, 0, -0.5, -0.25, 0]);
});

t.test('a product is rounded as its rule says', async (t) => {
  const far: Rows = { ...bias('real'), queryLength: 1, keyLength: 8, factor: 'key' } as Rows;
  const seventh = (rounding: string) => f64({ ...far, rounding } as Rows, [2, 8])[7];
  t.equal(seventh('real'), 0.7000000000000001, '7 · 0.1 in float64, of the float64 0.1');
  t.equal(seventh('f32'), Math.fround(Math.fround(0.1) * 7));
  // bfloat16 0.1 is 0.10009765625; seven of it are 0.70068..., in bfloat16 0.69921875 or 0.703125.
  t.equal(seventh('bf16'), 0.69921875);
});

t.test('a bucket is that of base + column − row, and beyond the end the last', async (t) => {
  const rows: Rows = {
    kind: 'bucket',
    base: -1,
    columns: 4,
    forward: Int32Array.of(10, 11, 12),
    backward: Int32Array.of(20, 21, 22),
  };
  // Zero belongs to the positions ahead.
  t.same([...new Int32Array(whole(rows, 'i32', [3, 4]))], [21, 10, 11, 12, 22, 21, 10, 11, 22, 22, 21, 10]);
  t.same([...new BigInt64Array(whole({ ...rows, base: 5 }, 'i64', [1, 4]))], [12n, 12n, 12n, 12n]);
});

t.test('a list of reals is rounded once, a number of it from its float64', async (t) => {
  const tie = Real.from(1).add(Real.powerOfTwo(-24));
  const rows: Rows = { kind: 'reals', values: [Real.ratio(1, 3), tie, tie.add(Real.powerOfTwo(-200)), 0.1] };
  t.same(f32(rows, [4]), [Math.fround(1 / 3), 1, 1 + 2 ** -23, Math.fround(0.1)]);
});

t.test('elements are asked for by flattened row and by column, a scalar at (0, 0)', async (t) => {
  const at = (row: number, column: number) => 100 * row + column;
  t.same(f32({ kind: 'elements', at }, [2, 2, 2]), [0, 1, 100, 101, 200, 201, 300, 301]);
  t.same(f32({ kind: 'elements', at: (row, column) => 7 + row + column }, []), [7]);
  const mask = new Uint8Array(whole({ kind: 'elements', at: (_, column) => column % 2 }, 'bool', [3]));
  t.same([...mask], [0, 1, 0]);
});

t.test('a slice begins and ends anywhere', async (t) => {
  const spec = { name: 'x', shape: [2, 5], dtype: 'f32' } as const;
  const { bytes } = dtypes.f32;
  const all = fill(prepareReference(phase, spec), 'f32', 0, 10);
  for (const [first, count] of [
    [0, 1],
    [3, 4],
    [9, 1],
    [2, 8],
  ] as const) {
    const part = fill(prepareReference(phase, spec), 'f32', first, count);
    t.same(part, all.subarray(bytes * first, bytes * (first + count)), `${count} from ${first}`);
  }
});
