import { Real } from '../numerics/real.js';
import { dtypes, type FloatDType } from '../tensor/dtype.js';
import type { TensorSpec } from '../tensor/spec.js';
import { prepareReference } from './reference.js';
import type { AngleRule, BucketRows, PhaseRows, Rows, SlopeDistanceRows } from './rows.js';

/** Elements `first` … `first` + `count` − 1 of a table. */
type Slice = readonly [first: number, count: number];

/** A table of the self-test: large enough to be timed, compared in a few slices. */
export interface SelfTestCase {
  readonly table: string;
  readonly rows: Rows;
  readonly spec: TensorSpec;
  readonly slices: readonly {
    readonly first: number;
    readonly count: number;
    /** The reference bytes. */
    readonly expected: Uint8Array;
  }[];
  /** What rounding, of the reference and to the dtype, adds to the difference of two values. */
  readonly rounding: number;
}

function makeCase(
  table: string,
  rows: Rows,
  { shape, dtype }: Pick<TensorSpec, 'shape' | 'dtype'>,
  slices: readonly Slice[],
  rounding = 0,
): SelfTestCase {
  const spec = { name: 'table', shape, dtype };
  const reference = prepareReference(rows, spec);
  const expect = ([first, count]: Slice) => {
    const expected = new Uint8Array(new ArrayBuffer(count * dtypes[dtype].bytes));
    reference.fill(first, count, expected);
    return { first, count, expected };
  };
  return { table, rows, spec, slices: slices.map(expect), rounding };
}

/** 1, r, r², … in float32: numbers with full fractions and no engine's power. */
function geometric(count: number, ratio: number): Real[] {
  const terms = [1];
  while (terms.length < count) terms.push(Math.fround(terms.at(-1)! * ratio));
  return terms.map((term) => Real.from(term));
}

const pairs = 64;
const width = 2 * pairs;
const positions = { kind: 'range', start: 0, length: 2 ** 20 } as const;

const cosThenSin: PhaseRows['runs'] = [
  { trig: 'cos', offset: 0, stride: 1, first: 0, count: pairs },
  { trig: 'sin', offset: pairs, stride: 1, first: 0, count: pairs },
];
const inTurns: PhaseRows['runs'] = [
  { trig: 'cos', offset: 0, stride: 2, first: 0, count: pairs },
  { trig: 'sin', offset: 1, stride: 2, first: 0, count: pairs },
];

/** Half a unit in the last place of values below 1. */
const halfUlp: Readonly<Record<FloatDType, number>> = {
  f64: 2 ** -54,
  f32: 2 ** -25,
  f16: 2 ** -12,
  bf16: 2 ** -9,
};

interface PhaseCase {
  readonly angle: AngleRule;
  readonly frequencies: readonly Real[];
  readonly dtype: FloatDType | 'c64';
  /** At most 1.2; where it is above 1, that of the first positions is 1. */
  readonly scale?: number;
}

function phaseCase(table: string, { angle, frequencies, dtype, scale = 1 }: PhaseCase): SelfTestCase {
  const rows: PhaseRows = {
    kind: 'phase',
    angle,
    phases: { frequencies, scale: Real.from(scale) },
    ...(scale > 1 && { below: { position: 256, phases: { frequencies, scale: Real.one } } }),
    positions,
    width,
    runs: dtype === 'c64' ? inTurns : cosThenSin,
  };
  const lanes = dtype === 'c64' ? 2 : 1;
  // The first row, a seam between two blocks and far ones; each slice begins within a row and ends in the next.
  const slices = [0, 255, 4095, 2 ** 20 - 2].map((row): Slice => [(row * width + 100) / lanes, 56 / lanes]);
  // The reference is rounded, except as f64 to float32 first. A scale of 1.2 adds a fifth of all errors and, for
  // values up to 1.2, two roundings on both sides; a narrow dtype adds one on both sides.
  const narrow = dtype === 'f16' || dtype === 'bf16' ? 2 * halfUlp[dtype] : 0;
  const rounding = (dtype === 'f64' ? halfUlp.f64 : (scale > 1 ? 6 : 1) * halfUlp.f32) + narrow;
  return makeCase(table, rows, { shape: [positions.length, width / lanes], dtype }, slices, rounding);
}

function biasCase(table: string, rows: Partial<SlopeDistanceRows>, dtype: FloatDType): SelfTestCase {
  const whole: SlopeDistanceRows = {
    kind: 'slope-distance',
    // Products of 24 bits and of up to 10 bits: most must be rounded.
    slopes: geometric(16, 0.77),
    queryLength: 700,
    keyLength: 1000,
    factor: 'distance',
    causal: false,
    rounding: 'f32',
    ...rows,
  };
  const { slopes, queryLength, keyLength } = whole;
  const total = slopes.length * queryLength * keyLength;
  // The beginning, a seam between two heads, and the end.
  const slices: Slice[] = [
    [0, 300],
    [9 * queryLength * keyLength - 150, 300],
    [total - 300, 300],
  ];
  return makeCase(table, whole, { shape: [slopes.length, queryLength, keyLength], dtype }, slices);
}

function bucketCase(table: string, rows: Partial<BucketRows>, dtype: 'i64' | 'i32'): SelfTestCase {
  const whole: BucketRows = {
    kind: 'bucket',
    base: -250,
    columns: 600,
    // No two neighbours alike, so that a look-up beside the right entry shows.
    forward: Int32Array.from({ length: 200 }, (_, n) => (7 * n) % 97),
    backward: Int32Array.from({ length: 300 }, (_, n) => 100 + ((11 * n) % 89)),
    ...rows,
  };
  const { columns } = whole;
  const shape = [500, columns];
  const slices: Slice[] = [
    [0, 700],
    [250 * columns - 350, 700],
    [500 * columns - 700, 700],
  ];
  return makeCase(table, whole, { shape, dtype }, slices);
}

/**
 * The tables that a backend is tested with: every kind of rows, every rule of angles and products, every dtype.
 * Takes some 100 ms, for the reference kernel computes what is compared.
 */
export function selfTestCases(): SelfTestCase[] {
  const singles = geometric(pairs, 0.82);
  const reals = Array.from({ length: pairs }, (_, j) => Real.ratio(1, 1 + 3 * j * j));
  const divisors = Array.from({ length: pairs }, (_, j) => Real.from(Math.fround((1 + 3 * j * j) / 0.7)));
  const element = (row: number, column: number) => (row * 37 + column * 5) % 1001;
  return [
    phaseCase('float32 angles', { angle: 'f32-product', frequencies: singles, dtype: 'f32' }),
    phaseCase('float32 angles', { angle: 'f32-product', frequencies: singles, dtype: 'bf16' }),
    phaseCase('float32 angles', { angle: 'f32-product', frequencies: singles, dtype: 'c64' }),
    phaseCase('float32 angles, scaled from position 256 on', {
      angle: 'f32-product',
      frequencies: singles,
      dtype: 'f32',
      scale: 1.19,
    }),
    phaseCase('float64 angles', { angle: 'f64-quotient', frequencies: divisors, dtype: 'f32' }),
    phaseCase('real angles', { angle: 'real', frequencies: reals, dtype: 'f32' }),
    phaseCase('real angles', { angle: 'real', frequencies: reals, dtype: 'f64' }),
    phaseCase('real angles', { angle: 'real', frequencies: reals, dtype: 'f16' }),
    biasCase('float32 biases', {}, 'f32'),
    biasCase('float32 biases, causal', { causal: true }, 'f16'),
    biasCase('bfloat16 biases, a row a head', { rounding: 'bf16', factor: 'key', queryLength: 1 }, 'bf16'),
    biasCase(
      'real biases of float32 slopes',
      { rounding: 'real', factor: 'key-last', queryLength: 1 },
      'f32',
    ),
    biasCase('real biases', { rounding: 'real', slopes: reals.slice(0, 16) }, 'f64'),
    bucketCase('buckets', {}, 'i64'),
    bucketCase('buckets far from the diagonal', { base: 2 ** 40 - 250 }, 'i32'),
    makeCase('real numbers', { kind: 'reals', values: reals }, { shape: [pairs], dtype: 'f64' }, [
      [0, pairs],
    ]),
    makeCase('real numbers', { kind: 'reals', values: reals }, { shape: [pairs], dtype: 'bf16' }, [
      [0, pairs],
    ]),
    makeCase('any numbers', { kind: 'elements', at: element }, { shape: [700, 100], dtype: 'f32' }, [
      [50, 300],
    ]),
    makeCase('any numbers', { kind: 'elements', at: element }, { shape: [700, 100], dtype: 'i64' }, [
      [50, 300],
    ]),
    makeCase(
      'a mask',
      { kind: 'elements', at: (row, column) => (column > row ? 1 : 0) },
      { shape: [700, 100], dtype: 'bool' },
      [[50, 300]],
    ),
  ];
}
