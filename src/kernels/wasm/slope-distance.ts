import { decompose } from '../../numerics/bits.js';
import type { Real } from '../../numerics/real.js';
import { dtypes, type FloatDType } from '../../tensor/dtype.js';
import type { TensorSpec } from '../../tensor/spec.js';
import type { Filler } from '../define.js';
import { bf16, type Product, realProduct } from '../js/slope-distance.js';
import type { SlopeDistanceRows } from '../rows.js';
import { store } from '../store.js';
import { dtypeNumbers, maxElements, type WasmEngine } from './engine.js';
import { type Rectangle, rectangles } from './rectangles.js';

/** The numbers of the tags in assembly/slope-distance.ts. */
const roundingNumbers = { single: 0, half: 1, real: 2 } as const;

/** A slope as the kernel takes it. */
interface Slope {
  readonly rounding: keyof typeof roundingNumbers;
  readonly high: number;
  /** What float64 leaves of a real slope. */
  readonly low: number;
  /** Decides what the kernel leaves undecided. */
  readonly product: Product;
}

/** The kernel's integers are int32, its bfloat16 ones are rounded from float32. */
const maxInteger = 2 ** 30;
const maxSingleInteger = 2 ** 24;

/** Whether the magnitude is 0 or leaves products with integers far from the ends of a type's exponents. */
function isWithin(x: number, reach: number): boolean {
  return x === 0 || (Math.abs(x) >= 2 ** -reach && Math.abs(x) <= 2 ** reach);
}

function isPowerOfTwo(x: Real, near: number): boolean {
  const { mantissa } = decompose(near);
  return mantissa > 0n && (mantissa & (mantissa - 1n)) === 0n && x.compare(near) === 0;
}

/** A slope for integers up to `integer`, or null where the kernel's arithmetic does not hold. */
function slopeOf(rows: SlopeDistanceRows, slope: Real, integer: number, dtype: FloatDType): Slope | null {
  const near = slope.toNumber();
  const never: Product = () => Number.NaN;
  if (rows.rounding === 'f32') return { rounding: 'single', high: Math.fround(near), low: 0, product: never };
  if (rows.rounding === 'bf16') {
    const high = bf16(near);
    const holds = integer < maxSingleInteger && isWithin(high, 100);
    return holds ? { rounding: 'half', high, low: 0, product: never } : null;
  }
  const product = realProduct(slope, dtype);
  // Then float32 products are exact, and ties need no second look.
  if (isPowerOfTwo(slope, near) && integer < maxSingleInteger && isWithin(near, 100))
    return { rounding: 'single', high: near, low: 0, product };
  const low = slope.sub(near).toNumber();
  // A product that vanishes has a sign in TypeScript.
  return near !== 0 && isWithin(near, 900) ? { rounding: 'real', high: near, low, product } : null;
}

class BiasFiller implements Filler {
  private readonly dtype: FloatDType;
  private readonly bytes: number;
  /** One element, in the dtype. */
  private readonly cell = new Uint8Array(new ArrayBuffer(8));
  private readonly value = new Float64Array(1);

  constructor(
    private readonly engine: WasmEngine,
    private readonly rows: SlopeDistanceRows,
    { dtype }: TensorSpec,
    private readonly slopes: readonly Slope[],
  ) {
    this.dtype = dtype as FloatDType;
    this.bytes = dtypes[dtype].bytes;
  }

  fill(first: number, count: number, out: Uint8Array): void {
    const { keyLength, queryLength } = this.rows;
    for (const part of rectangles(first, count, keyLength, maxElements, queryLength)) {
      const size = part.rows * part.columns * this.bytes;
      this.engine.deliver(out, part.done * this.bytes, size, (address) => this.run(part, address));
    }
  }

  private run(part: Rectangle, address: number): void {
    const { engine } = this;
    const { queryLength, keyLength, factor, causal } = this.rows;
    const head = Math.floor(part.row / queryLength);
    const slope = this.slopes[head]!;
    const query = part.row - head * queryLength + keyLength - queryLength;
    // The fields of assembly/slope-distance.ts, in order.
    const task = engine.write({
      rows: part.rows,
      from: part.column,
      to: part.column + part.columns,
      query,
      shift: factor === 'key-last' ? 1 - keyLength : 0,
      distance: factor === 'distance' ? 1 : 0,
      causal: causal ? 1 : 0,
      slope: slope.high,
      slopeLow: slope.low,
      out: address,
      undecided: engine.undecided.byteOffset,
    });
    const count = engine.kernels.slopeDistance(
      roundingNumbers[slope.rounding],
      dtypeNumbers[this.dtype],
      task,
    );
    for (const number of engine.undecided.subarray(0, count)) {
      const row = Math.floor(number / part.columns);
      const key = part.column + number - row * part.columns;
      this.put(address + number * this.bytes, slope.product(this.integer(query + row, key)));
    }
  }

  private integer(query: number, key: number): number {
    const { factor, keyLength } = this.rows;
    return factor === 'key' ? key : factor === 'key-last' ? key - keyLength + 1 : -Math.abs(query - key);
  }

  private put(address: number, value: number): void {
    this.value[0] = value;
    store(this.dtype, this.value, 1, this.cell);
    new Uint8Array(this.engine.memory.buffer, address, this.bytes).set(this.cell.subarray(0, this.bytes));
  }
}

/** A filler for a bias table, or null where the kernel's arithmetic does not hold for a slope or an integer. */
export function prepareSlopeDistance(
  engine: WasmEngine,
  rows: SlopeDistanceRows,
  spec: TensorSpec,
): Filler | null {
  const integer = Math.max(rows.keyLength, rows.queryLength);
  if (integer > maxInteger) return null;
  const slopes: Slope[] = [];
  for (const slope of rows.slopes) {
    const taken = slopeOf(rows, slope, integer, spec.dtype as FloatDType);
    if (!taken) return null;
    slopes.push(taken);
  }
  return new BiasFiller(engine, rows, spec, slopes);
}
