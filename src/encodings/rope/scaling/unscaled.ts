import { Real } from '../../../numerics/real.js';
import type { RopeBasics } from './define.js';

/**
 * θ_i = base^(−2i/width) for i = 0 … count − 1 (RoFormer, 2104.09864, section 3.2.2). One power for
 * all: the ratio of neighbours is raised by repeated multiplication, whose error stays below count · 2^−317
 * of the value.
 */
export function geometricFrequencies(base: Real | number, width: number, count: number): Real[] {
  const start = typeof base === 'number' ? Real.from(base) : base;
  const ratio = start.pow(Real.ratio(-2, width));
  const frequencies: Real[] = [];
  for (let i = 0, frequency = Real.one; i < count; i++, frequency = frequency.mul(ratio)) {
    frequencies.push(frequency);
  }
  return frequencies;
}

/** Number of frequencies of a rotary width: ⌈r/2⌉. */
export function frequencyCount(basics: RopeBasics): number {
  return Math.ceil(basics.rotary_dim / 2);
}

/** The frequencies before any scaling, ⌈r/2⌉ of them with exponents over r. */
export function unscaledFrequencies(basics: RopeBasics): Real[] {
  return geometricFrequencies(basics.rope_theta, basics.rotary_dim, frequencyCount(basics));
}
