/**
 * Bit-level primitives of big integers and float64, shared by the arithmetic in this folder.
 * Nothing here rounds except {@link shiftRoundEven}.
 */
const f64 = new Float64Array(1);
const u32 = new Uint32Array(f64.buffer);
const high = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;
const low = 1 - high;

/** 2^n as a float64, for −1074 ≤ n ≤ 1023. Built from bits: `**` of the engine is not specified to be exact. */
export function powerOfTwoNumber(n: number): number {
  if (!Number.isInteger(n) || n < -1074 || n > 1023)
    throw new RangeError(`2^${n} is not a normal or subnormal float64`);
  if (n >= -1022) {
    u32[high] = (n + 1023) << 20;
    u32[low] = 0;
  } else {
    const bit = n + 1074;
    u32[high] = bit >= 32 ? 1 << (bit - 32) : 0;
    u32[low] = bit >= 32 ? 0 : 1 << bit;
  }
  return f64[0] ?? 0;
}

/** A finite float64 as `mantissa · 2^exponent`: the integer mantissa is signed and has at most 53 bits. */
export function decompose(x: number): { readonly mantissa: bigint; readonly exponent: number } {
  if (!Number.isFinite(x)) throw new RangeError(`${x} is not a finite number`);
  if (Number.isSafeInteger(x)) return { mantissa: BigInt(x), exponent: 0 };
  f64[0] = x;
  const top = u32[high] ?? 0;
  const biased = (top >>> 20) & 0x7ff;
  const fraction = (top & 0xfffff) * 0x1_0000_0000 + (u32[low] ?? 0);
  const magnitude = biased === 0 ? fraction : fraction + 0x10_0000_0000_0000;
  return {
    mantissa: BigInt(top >>> 31 === 1 ? -magnitude : magnitude),
    exponent: (biased === 0 ? 1 : biased) - 1075,
  };
}

/** Number of bits of `n ≥ 0` (0 for 0). */
export function bitLength(n: bigint): number {
  f64[0] = Number(n);
  const top = u32[high] ?? 0;
  // Beyond 2^1024 the float64 is infinite: take off the lower bits by digits.
  if (top >= 0x7ff00000) {
    const digits = n.toString(16);
    return 4 * digits.length - 4 + bitLength(BigInt(`0x${digits[0]}`));
  }
  if (top === 0) return 0;
  const length = (top >>> 20) - 1022;
  // The conversion rounds: 2^k − 1 with k > 53 arrives as 2^k, one bit too long.
  if (length > 53 && (top & 0xfffff) === 0 && u32[low] === 0 && n >> BigInt(length - 1) === 0n)
    return length - 1;
  return length;
}

/** `n · 2^shift`, towards −∞ where bits fall off. */
export function shifted(n: bigint, shift: number): bigint {
  return shift >= 0 ? n << BigInt(shift) : n >> BigInt(-shift);
}

/** `n / 2^shift` for `n ≥ 0`, `shift ≥ 1`, rounded to nearest, half to even. */
export function shiftRoundEven(n: bigint, shift: number): bigint {
  const s = BigInt(shift);
  const q = n >> s;
  const rest = n - (q << s);
  const half = 1n << (s - 1n);
  return rest > half || (rest === half && (q & 1n) === 1n) ? q + 1n : q;
}

/** `n / d` for `d > 0`, towards −∞. */
export function floorDivide(n: bigint, d: bigint): bigint {
  const q = n / d;
  return n < 0n && q * d !== n ? q - 1n : q;
}

/** ⌊√n⌋ for `0 ≤ n < 2^1023`. */
export function integerSqrt(n: bigint): bigint {
  if (n === 0n) return 0n;
  const length = bitLength(n) / 2 + 1;
  // 50 correct bits to start with, doubled by every Newton step.
  let x = BigInt(Math.floor(Math.sqrt(Number(n)))) + 1n;
  for (let bits = 50; bits < length; bits *= 2) x = (x + n / x) >> 1n;
  while (x * x > n) x -= 1n;
  while ((x + 1n) * (x + 1n) <= n) x += 1n;
  return x;
}
