import { readFileSync } from 'node:fs';
import { Real } from '../../src/numerics/real.js';

type Spelled = string;

interface Golden {
  readonly functions: Readonly<
    Record<'exp' | 'ln' | 'sqrt' | 'sin' | 'cos', readonly (readonly [Spelled, Spelled])[]>
  >;
  readonly powers: readonly (readonly [Spelled, Spelled, Spelled])[];
  readonly roots: readonly (readonly [Spelled, number, number, Spelled])[];
  /** Frequency, position, cos, sin. */
  readonly angles: readonly (readonly [Spelled, Spelled, Spelled, Spelled])[];
  /** dtype, value, float64 bits. */
  readonly roundings: readonly (readonly ['f64' | 'f32' | 'f16' | 'bf16', Spelled, string])[];
}

/** What mpmath says; test/golden/numerics.py made it. */
export const golden: Golden = JSON.parse(
  readFileSync(new URL('../../../test/golden/numerics.json', import.meta.url), 'utf8'),
);

/** "[-]<hex mantissa>:<exponent>" as a Real. */
export function real(spelled: string): Real {
  const match = /^(-?)([0-9a-f]+):(-?\d+)$/.exec(spelled);
  if (!match) throw new Error(`not a spelled real: ${spelled}`);
  const magnitude = BigInt(`0x${match[2]}`);
  return Real.scaled(match[1] === '-' ? -magnitude : magnitude, Number(match[3]));
}

/** The 16 hex digits of a float64: unlike ===, they tell −0 from 0. */
export function bits(x: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  return view.getBigUint64(0).toString(16).padStart(16, '0');
}

/** |value − truth| ≤ 2^exponent · |truth|. */
export function within(value: Real, truth: Real, exponent: number): boolean {
  return (
    value
      .sub(truth)
      .abs()
      .compare(truth.abs().mul(Real.powerOfTwo(exponent))) <= 0
  );
}
