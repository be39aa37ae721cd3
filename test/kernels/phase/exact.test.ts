import t from 'tap';
import { ExactRow } from '../../../src/kernels/phase/exact.js';
import { type Phases, positionAt, positionCount } from '../../../src/kernels/rows.js';
import { Angle } from '../../../src/numerics/angle.js';
import { Real } from '../../../src/numerics/real.js';
import type { FloatDType } from '../../../src/tensor/dtype.js';
import { exactTables } from '../../support/exact-tables.js';
import { kernelCases } from '../../support/kernel-cases.js';

/** A head of 128, base 10000, as `exact` has it. */
const ratio = Real.from(10000).pow(Real.ratio(-2, 128));
const head128: Phases = {
  frequencies: Array.from({ length: 64 }, (_, i) => ratio.powInt(i)),
  scale: Real.one,
};
const angles128 = head128.frequencies.map((frequency) => new Angle(frequency));

const [cos, sin] = [new Float64Array(64), new Float64Array(64)];

/** Computes a row and, where a value of it was in doubt, holds the row against the real numbers. */
function doubtfulRow(row: ExactRow, dtype: FloatDType, position: number): 'sure' | 'right' | 'wrong' {
  const before = row.decisions.doubleDouble;
  row.row(position, cos, sin);
  if (row.decisions.doubleDouble === before) return 'sure';
  const right = angles128.every(
    (angle, j) =>
      Object.is(cos[j], angle.cosReal(position).round(dtype)) &&
      Object.is(sin[j], angle.sinReal(position).round(dtype)),
  );
  return right ? 'right' : 'wrong';
}

t.test('one value in millions is left in doubt by the first bound, and is then decided right', async (t) => {
  for (const [dtype, rows, doubtful] of [
    ['f32', 60_000, 1],
    ['f64', 60_000, 1],
    ['f16', 15_000, 0],
    ['bf16', 15_000, 0],
  ] as const) {
    const row = new ExactRow(head128, dtype);
    const counts = { sure: 0, right: 0, wrong: 0 };
    for (let position = 1; position <= rows; position++) counts[doubtfulRow(row, dtype, position)]++;
    t.same(counts, { sure: rows - doubtful, right: doubtful, wrong: 0 }, `${dtype}, ${128 * rows} values`);
    t.same(row.decisions, { doubleDouble: doubtful, reference: 0 }, dtype);
  }
});

/** Every position below 3,000,000 (f64: 300,000) of head128 with a value so close to a midpoint that it is in doubt. */
const doubtfulPositions: Readonly<Record<'f64' | 'f32' | 'f16', readonly number[]>> = {
  f64: [
    54289, 84444, 88456, 147392, 148302, 168888, 170655, 194083, 232007, 244878, 254726, 259847, 272115,
    277058, 281897,
  ],
  f32: [
    38246, 230738, 365961, 536479, 657204, 750059, 762119, 888233, 976115, 977267, 1065251, 1067945, 1102865,
    1129279, 1132439, 1183638, 1256992, 1306751, 1582049, 1599813, 1737477, 1746839, 1752384, 1776466,
    1879817, 1912317, 1943982, 1952881, 2070367, 2127657, 2156439, 2221939, 2230552, 2238788, 2253543,
    2289215, 2307380, 2342697, 2345408, 2350436, 2394679, 2466939, 2543674, 2544659, 2598061, 2693244,
    2747831, 2751952, 2775702, 2889221, 2902863, 2975537, 2976368, 2977057,
  ],
  f16: [1206953, 2976368],
};

t.test(
  'the values known to be in doubt are, whatever block they are asked in, and are decided right',
  async (t) => {
    for (const dtype of ['f64', 'f32', 'f16'] as const) {
      const row = new ExactRow(head128, dtype);
      const positions = doubtfulPositions[dtype];
      const verdicts = [...positions, ...positions.toReversed()].map((p) => doubtfulRow(row, dtype, p));
      t.same(new Set(verdicts), new Set(['right']), dtype);
      t.same(row.decisions, { doubleDouble: 2 * positions.length, reference: 0 }, dtype);
    }
  },
);

t.test('tables of hard cases run through every step of the decision', async (t) => {
  const counts = { values: 0, doubleDouble: 0, reference: 0 };
  for (const { encoding, params } of exactTables) {
    const { rows, spec } = kernelCases(encoding, params)[0]!;
    if (rows.kind !== 'phase' || rows.angle !== 'real') continue;
    const row = new ExactRow(rows.phases, spec.dtype as FloatDType);
    for (let i = 0; i < positionCount(rows.positions); i++) row.row(positionAt(rows.positions, i), cos, sin);
    const pairs = rows.phases.frequencies.length;
    counts.values += 2 * pairs * positionCount(rows.positions);
    counts.doubleDouble += row.decisions.doubleDouble;
    counts.reference += row.decisions.reference;
  }
  t.same(counts, { values: 5852, doubleDouble: 1129, reference: 245 });
});

t.test('float64 sines of whole positions are rounded once down to where they vanish', async (t) => {
  const frequencies = [930, 960, 990, 1010, 1020, 1030, 1060, 1076].map((k) =>
    Real.pi().mul(Real.powerOfTwo(-k)),
  );
  const row = new ExactRow({ frequencies, scale: Real.one }, 'f64');
  let [subnormal, wrong] = [0, 0];
  for (let position = 1; position <= 600; position++) {
    row.row(position, cos, sin);
    for (const [j, frequency] of frequencies.entries()) {
      if (!Object.is(sin[j], frequency.mul(position).round('f64')) || cos[j] !== 1) wrong++;
      if (sin[j]! < 2 ** -1022) subnormal++;
    }
  }
  t.same({ subnormal, wrong }, { subnormal: 1281, wrong: 0 });
});
