import { Real } from '../../../numerics/real.js';
import { log } from './scalar-math.js';

/**
 * Pair index at which a frequency makes `rotations` turns over the trained length L:
 * d · ln(L/(2π · rotations)) / (2 ln base) (YaRN, 2309.00071, section 3.2).
 */
function correctionDim(rotations: number, width: number, theta: number, trained: number): Real {
  return Real.from(trained)
    .div(Real.pi().mul(2).mul(rotations))
    .ln()
    .mul(width)
    .div(Real.from(theta).ln().mul(2));
}

/**
 * The range of pair indices over which a ramp rises, from the pair of `fast` rotations to that of `slow`,
 * widened to integers where `truncate`, clamped to [0, d − 1]. The upper clamp is d − 1, not d/2 − 1, although
 * these are pair indices: so do YaRN's code and transformers.
 */
export function correctionRange(
  fast: number,
  slow: number,
  width: number,
  theta: number,
  trained: number,
  truncate: boolean,
): readonly [Real, Real] {
  const low = correctionDim(fast, width, theta, trained);
  const high = correctionDim(slow, width, theta, trained);
  return [
    atLeast(truncate ? Real.from(low.floor()) : low, Real.zero),
    atMost(truncate ? Real.from(high.ceil()) : high, Real.from(width - 1)),
  ];
}

/** clamp((i − low)/(high − low), 0, 1) for i = 0 … count − 1; an empty range is widened by 0.001. */
export function ramp([low, high]: readonly [Real, Real], count: number): Real[] {
  const span = high.compare(low) === 0 ? Real.ratio(1, 1000) : high.sub(low);
  return Array.from({ length: count }, (_, i) => unitClamp(Real.from(i).sub(low).div(span)));
}

/** A value held within [0, 1]. */
export function unitClamp(x: Real): Real {
  return atMost(atLeast(x, Real.zero), Real.one);
}

function atLeast(x: Real, least: Real): Real {
  return x.compare(least) < 0 ? least : x;
}

function atMost(x: Real, most: Real): Real {
  return x.compare(most) > 0 ? most : x;
}

/** {@link correctionRange} in float64, in the operation order of transformers' `find_correction_range`. */
export function frameworkCorrectionRange(
  fast: number,
  slow: number,
  width: number,
  theta: number,
  trained: number,
  truncate: boolean,
): readonly [number, number] {
  const dim = (rotations: number) => (width * log(trained / (rotations * 2 * Math.PI))) / (2 * log(theta));
  const low = dim(fast);
  const high = dim(slow);
  return [
    Math.max(truncate ? Math.floor(low) : low, 0),
    Math.min(truncate ? Math.ceil(high) : high, width - 1),
  ];
}

/** {@link ramp} in float32 after float64 scalars, as transformers' `linear_ramp_factor`. */
export function frameworkRamp([low, high]: readonly [number, number], count: number): Float32Array {
  const top = low === high ? high + 0.001 : high;
  const start = Math.fround(low);
  const span = Math.fround(top - low);
  return Float32Array.from({ length: count }, (_, i) =>
    Math.min(Math.max(Math.fround(i - start) / span, 0), 1),
  );
}
