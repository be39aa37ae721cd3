import { fmaFloat32 } from './fma.js';

/**
 * Two-float arithmetic as SLEEF does it on processors with a fused multiply-add: an unevaluated sum of two
 * float32, about 48 bits. Every line is one rounded float32 operation, in SLEEF's order, since its rounding
 * errors are part of the result.
 * Source: shibatch/sleef, src/common/df.h (ENABLE_FMA_SP), Boost Software License 1.0.
 */
export interface TwoFloat {
  readonly hi: number;
  readonly lo: number;
}

const f = Math.fround;

/** `x + y` of two float32, exactly (dfadd2_vf2_vf_vf). */
export function sumOfFloats(x: number, y: number): TwoFloat {
  const hi = f(x + y);
  const v = f(hi - x);
  return { hi, lo: f(f(x - f(hi - v)) + f(y - v)) };
}

/** `x + y` for |x| ≥ |y| (dfadd_vf2_vf2_vf2). */
export function addOrdered(x: TwoFloat, y: TwoFloat): TwoFloat {
  const hi = f(x.hi + y.hi);
  return { hi, lo: f(f(f(f(x.hi - hi) + y.hi) + x.lo) + y.lo) };
}

/** `x + y` for a float32 |x| ≥ |y| (dfadd_vf2_vf_vf2). */
export function addFloatOrdered(x: number, y: TwoFloat): TwoFloat {
  const hi = f(x + y.hi);
  return { hi, lo: f(f(f(x - hi) + y.hi) + y.lo) };
}

/** `x + y`, any order of magnitude (dfadd2_vf2_vf2_vf2). */
export function add(x: TwoFloat, y: TwoFloat): TwoFloat {
  const sum = sumOfFloats(x.hi, y.hi);
  return { hi: sum.hi, lo: f(sum.lo + f(x.lo + y.lo)) };
}

/** `x + y` for a float32 y, any order of magnitude (dfadd2_vf2_vf2_vf). */
export function addFloat(x: TwoFloat, y: number): TwoFloat {
  const sum = sumOfFloats(x.hi, y);
  return { hi: sum.hi, lo: f(sum.lo + x.lo) };
}

/** `x · y` (dfmul_vf2_vf2_vf2). */
export function multiply(x: TwoFloat, y: TwoFloat): TwoFloat {
  const hi = f(x.hi * y.hi);
  return { hi, lo: fmaFloat32(x.hi, y.lo, fmaFloat32(x.lo, y.hi, fmaFloat32(x.hi, y.hi, -hi))) };
}

/** `x · y` for a float32 y (dfmul_vf2_vf2_vf). */
export function multiplyFloat(x: TwoFloat, y: number): TwoFloat {
  const hi = f(x.hi * y);
  return { hi, lo: fmaFloat32(x.lo, y, fmaFloat32(x.hi, y, -hi)) };
}

/** `x²` (dfsqu_vf2_vf2). */
export function square(x: TwoFloat): TwoFloat {
  const hi = f(x.hi * x.hi);
  return { hi, lo: fmaFloat32(f(x.hi + x.hi), x.lo, fmaFloat32(x.hi, x.hi, -hi)) };
}

/** `n / d` (dfdiv_vf2_vf2_vf2). */
export function divide(n: TwoFloat, d: TwoFloat): TwoFloat {
  const reciprocal = f(1 / d.hi);
  const hi = f(n.hi * reciprocal);
  const hiError = fmaFloat32(reciprocal, n.hi, -hi);
  const reciprocalError = fmaFloat32(-d.lo, reciprocal, fmaFloat32(-d.hi, reciprocal, 1));
  return { hi, lo: fmaFloat32(hi, reciprocalError, fmaFloat32(n.lo, reciprocal, hiError)) };
}

/** `x · scale` for a power of two (dfscale_vf2_vf2_vf). */
export function scale(x: TwoFloat, factor: number): TwoFloat {
  return { hi: f(x.hi * factor), lo: f(x.lo * factor) };
}

/** The same value with hi = float32(hi + lo), for |hi| ≥ |lo| (dfnormalize_vf2_vf2). */
export function normalize(x: TwoFloat): TwoFloat {
  const hi = f(x.hi + x.lo);
  return { hi, lo: f(f(x.hi - hi) + x.lo) };
}
