import { Real } from '../../../numerics/real.js';

/**
 * Python's `math.log` of a float64, correctly rounded. The C library behind Python errs by up to 0.52 ulp, so
 * about one result in a hundred differs in the last bit; what is made of it here is rounded to float32, floored
 * or documented as float64.
 */
export function log(x: number): number {
  return Real.from(x).ln().toNumber();
}

/** Python's `x ** y` of float64s for x > 0, correctly rounded. */
export function power(x: number, y: number): number {
  return Real.from(x).pow(y).toNumber();
}
