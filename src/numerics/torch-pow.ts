import { glibcPowf } from './glibc-powf.js';
import { sleefPowf } from './sleef-powf.js';

/** Elements that torch's AVX2 kernel takes at a time: two vectors of eight float32. */
const groupLength = 16;

/**
 * What torch computes for `base ** exponents` on an x86-64 CPU (AVX2, glibc): `exponents` is a contiguous
 * float32 tensor of n elements, `base` a Python number or a 0-d float32 tensor, cast to float32 first.
 * Whole groups of 16 elements go to SLEEF's vector power, the last n mod 16 to the C library's, and the two
 * differ in the last bit here and there. Integer exponents are the same after their cast to float32.
 * With AVX-512 torch takes other steps, and differs in about one element of a thousand.
 * From 32,768 elements on torch splits the tensor among its threads, which may move the tail.
 * Source: pytorch/pytorch, aten/src/ATen/native/cpu/PowKernel.cpp (pow_tensor_tensor_kernel), cpu/Loops.h
 * (vectorized_loop). Throws a RangeError for a base that is not ≥ 0, and for exponents that are not finite.
 *
 * @example torchPowScalarBase(10000, Float32Array.of(0, 0.5)) // Float32Array [1, 100]
 */
export function torchPowScalarBase(base: number, exponents: Float32Array): Float32Array {
  if (!(base >= 0)) throw new RangeError(`the base ${base} of a power must not be negative`);
  const x = Math.fround(base);
  const vectorized = exponents.length - (exponents.length % groupLength);
  return exponents.map((y, i) => {
    if (!Number.isFinite(y)) throw new RangeError(`the exponent ${y} is not finite`);
    // A base of 1 is filled with ones by torch; the powers of 0 and ∞ are exact in either library.
    if (x === 1 || y === 0) return 1;
    if (x === 0) return y > 0 ? 0 : Number.POSITIVE_INFINITY;
    if (x === Number.POSITIVE_INFINITY) return y > 0 ? x : 0;
    return i < vectorized ? sleefPowf(x, y) : glibcPowf(x, y);
  });
}
