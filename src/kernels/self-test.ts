import { performance } from 'node:perf_hooks';
import { bfloat16ToNumber } from '../tensor/bfloat16.js';
import { type DType, dtypes, type FloatDType } from '../tensor/dtype.js';
import { float16ToNumber } from '../tensor/float16.js';
import { byteLength, elementCount } from '../tensor/spec.js';
import { bitsAt, ulpDistance } from '../tensor/ulps.js';
import { type Backend, errorOf, type Filler } from './define.js';
import type { Rows } from './rows.js';
import type { SelfTestCase } from './self-test-cases.js';

/** What the self-test of a backend measured for one table. */
export interface SelfTest {
  readonly table: string;
  readonly kind: Rows['kind'];
  readonly dtype: DType;
  /** Elements compared. */
  readonly elements: number;
  /** Elements whose bytes differ from the reference bytes. */
  readonly differing: number;
  /** Largest difference; null where one of the two is not finite. */
  readonly max_error: number | null;
  /**
   * The same in units in the last place of the dtype, of integers in ones; large next to a zero of cos or sin, where
   * those units are small. null where one of the two is no number.
   */
  readonly max_ulp: number | null;
  /** Largest difference that passes; 0 where every byte must be the reference's. */
  readonly allowed_error: number;
  /** Billions of bytes a second, the best of a few blocks. */
  readonly gb_per_s: number;
}

/** Elements of a timed block at most; how often and for how long each table is timed. */
const blockElements = 2 ** 15;
const timingRounds = 2;
const timingMs = 2;

/** Elements as numbers; a c64 gives two. */
export function decode(dtype: DType, { buffer, byteOffset, byteLength: bytes }: Uint8Array): number[] {
  switch (dtype) {
    case 'f64':
      return [...new Float64Array(buffer, byteOffset, bytes / 8)];
    case 'f32':
    case 'c64':
      return [...new Float32Array(buffer, byteOffset, bytes / 4)];
    case 'f16':
      return Array.from(new Uint16Array(buffer, byteOffset, bytes / 2), float16ToNumber);
    case 'bf16':
      return Array.from(new Uint16Array(buffer, byteOffset, bytes / 2), bfloat16ToNumber);
    case 'i64':
      return Array.from(new BigInt64Array(buffer, byteOffset, bytes / 8), Number);
    case 'i32':
      return [...new Int32Array(buffer, byteOffset, bytes / 4)];
    case 'bool':
      return [...new Uint8Array(buffer, byteOffset, bytes)];
  }
}

/** The largest distance in units in the last place; that of integers and masks is their difference. */
function largestUlp(dtype: DType, got: Uint8Array, expected: Uint8Array, error: number): number {
  if (dtype === 'i64' || dtype === 'i32' || dtype === 'bool') return error;
  const lane: FloatDType = dtype === 'c64' ? 'f32' : dtype;
  const view = ({ buffer, byteOffset, byteLength: bytes }: Uint8Array) =>
    new DataView(buffer, byteOffset, bytes);
  const [ours, theirs] = [view(got), view(expected)];
  let largest = 0;
  for (let i = 0; i < expected.length / dtypes[lane].bytes; i++)
    largest = Math.max(largest, ulpDistance(bitsAt(ours, lane, i), bitsAt(theirs, lane, i), lane));
  return largest;
}

/** How far two blocks lie apart. */
interface Difference {
  readonly differing: number;
  readonly error: number;
  readonly ulp: number;
}

/** How many elements differ in a bit, and by how much the values do at most. */
function compare(dtype: DType, got: Uint8Array, expected: Uint8Array): Difference {
  const { bytes } = dtypes[dtype];
  let differing = 0;
  for (let at = 0; at < expected.length; at += bytes) {
    let same = true;
    for (let k = at; k < at + bytes; k++) same &&= got[k] === expected[k];
    if (!same) differing++;
  }
  if (differing === 0) return { differing, error: 0, ulp: 0 };
  const values = decode(dtype, got);
  const error = decode(dtype, expected).reduce((largest, value, i) => {
    const difference = Object.is(value, values[i]) ? 0 : Math.abs(value - values[i]!);
    return Math.max(largest, Number.isFinite(difference) ? difference : Number.POSITIVE_INFINITY);
  }, 0);
  return { differing, error, ulp: largestUlp(dtype, got, expected, error) };
}

/** A case that the backend has a kernel for. */
interface Prepared extends SelfTestCase {
  readonly filler: Filler;
  readonly maxError: number;
}

function prepare(backend: Backend, testCase: SelfTestCase): Prepared[] {
  const { rows, spec } = testCase;
  const maxError = errorOf(backend, rows.kind, spec.dtype);
  const filler = maxError === undefined ? null : backend.prepare(rows, spec);
  return maxError === undefined || !filler ? [] : [{ ...testCase, filler, maxError }];
}

/** Compares every slice of a table. */
function measure(prepared: Prepared, block: Uint8Array): Omit<SelfTest, 'gb_per_s'> {
  const { table, rows, spec, slices, rounding, filler, maxError } = prepared;
  let [elements, differing, error, ulp] = [0, 0, 0, 0];
  for (const { first, count, expected } of slices) {
    filler.fill(first, count, block);
    const found = compare(spec.dtype, block.subarray(0, expected.length), expected);
    elements += count;
    differing += found.differing;
    error = Math.max(error, found.error);
    ulp = Math.max(ulp, found.ulp);
  }
  return {
    table,
    kind: rows.kind,
    dtype: spec.dtype,
    elements,
    differing,
    max_error: Number.isFinite(error) ? error : null,
    max_ulp: Number.isFinite(ulp) ? ulp : null,
    allowed_error: maxError === 0 ? 0 : maxError + rounding,
  };
}

/**
 * Milliseconds of the fastest block. A second round comes when the engine has compiled what the first has used;
 * each block is another, for a kernel may keep the last one, as it does the first from the comparison.
 */
function blockTimes(prepared: readonly Prepared[], block: Uint8Array): number[] {
  const timed = prepared.map(({ filler, spec }) => {
    const total = elementCount(spec.shape);
    const count = Math.min(blockElements, total);
    return { filler, total, count, blocks: 0, best: Number.POSITIVE_INFINITY };
  });
  for (let round = 0; round < timingRounds; round++) {
    for (const one of timed) {
      const { filler, total, count } = one;
      const started = performance.now();
      for (let now = started; now - started < timingMs; ) {
        filler.fill((++one.blocks % Math.floor(total / count)) * count, count, block);
        const before = now;
        now = performance.now();
        // A microsecond at least, so that a coarse clock does not divide by 0.
        one.best = Math.min(one.best, Math.max(now - before, 0.001));
      }
    }
  }
  return timed.map(({ best }) => best);
}

/**
 * Compares a backend with the reference kernel on every case it has a kernel for, and times it.
 * Errors of the backend pass.
 */
export function selfTest(backend: Backend, cases: readonly SelfTestCase[]): SelfTest[] {
  const block = new Uint8Array(new ArrayBuffer(8 * blockElements));
  const prepared = cases.flatMap((testCase) => prepare(backend, testCase));
  const measured = prepared.map((one) => measure(one, block));
  const times = blockTimes(prepared, block);
  return measured.map((result, i) => {
    const bytes = Math.min(byteLength(prepared[i]!.spec), blockElements * dtypes[result.dtype].bytes);
    return { ...result, gb_per_s: Number((bytes / times[i]! / 1e6).toPrecision(3)) };
  });
}

/** Why a backend with these results must not be offered, as a sentence; null where it passes. */
export function selfTestFailure(tests: readonly SelfTest[]): string | null {
  if (tests.length === 0) return 'it computed none of the tables of the self-test';
  for (const { table, dtype, elements, differing, max_error, allowed_error } of tests) {
    if (allowed_error === 0 && differing > 0)
      return `${differing} of ${elements} elements of ${table} as ${dtype} are not the reference bytes`;
    if (max_error === null || max_error > allowed_error)
      return `${table} as ${dtype} is off by ${max_error ?? 'more than any number'}, ${allowed_error} is allowed`;
  }
  return null;
}
