import { torchPowScalarBase } from './torch-pow.js';

/**
 * Wavelengths over 2π of rotary embeddings, `base ** (arange(0, 2 * count, 2).float() / denominator)` as torch
 * computes them in float32: `count` values, entry 0 is 1. Bit-equal to torch on x86-64 (AVX2, glibc).
 * `dim` is the rotary width; an odd one gives ceil(dim / 2) values, as `arange(0, dim, 2)` does.
 * `denominator` differs from `dim` where the exponents are spread over another width.
 * Throws a RangeError for a base that is not ≥ 0.
 * Source: transformers 5.18.0, modeling_rope_utils.py (`pos_freqs` in the yarn and longrope functions).
 */
export function torchPositionFrequencies(
  base: number,
  dim: number,
  denominator: number = dim,
  count: number = Math.ceil(dim / 2),
): Float32Array {
  const divisor = Math.fround(denominator);
  const exponents = Float32Array.from({ length: count }, (_, i) => Math.fround(2 * i) / divisor);
  return torchPowScalarBase(base, exponents);
}

/**
 * `inv_freq` of rotary embeddings, `1.0 / (base ** (arange(0, 2 * count, 2).float() / denominator))` as torch
 * computes it in float32, with three roundings: exponent, power, reciprocal. Parameters, errors and guarantee
 * are those of {@link torchPositionFrequencies}.
 *
 * @example torchInvFreq(10000, 4) // Float32Array [1, 0.009999999776482582]
 */
export function torchInvFreq(
  base: number,
  dim: number,
  denominator: number = dim,
  count: number = Math.ceil(dim / 2),
): Float32Array {
  return torchPositionFrequencies(base, dim, denominator, count).map((power) => 1 / power);
}
