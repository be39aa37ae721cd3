/** π and ln 2 as fixed-point integers of any length, computed on demand and kept. */

/** Bits kept beyond those asked for: the series' truncations stay far below one unit of the result. */
const guardBits = 32;

interface Cache {
  bits: number;
  value: bigint;
}

const pi: Cache = { bits: -1, value: 0n };
const ln2: Cache = { bits: -1, value: 0n };

/** ⌊π · 2^bits⌋, up to one unit. Machin (1706): π = 16 arctan(1/5) − 4 arctan(1/239). */
export function piFixed(bits: number): bigint {
  return cached(pi, bits, (one) => 16n * arcSeries(one, 5n, -1n) - 4n * arcSeries(one, 239n, -1n));
}

/** ⌊ln 2 · 2^bits⌋, up to one unit. ln 2 = 18 artanh(1/26) − 2 artanh(1/4801) + 8 artanh(1/8749). */
export function ln2Fixed(bits: number): bigint {
  return cached(
    ln2,
    bits,
    (one) => 18n * arcSeries(one, 26n, 1n) - 2n * arcSeries(one, 4801n, 1n) + 8n * arcSeries(one, 8749n, 1n),
  );
}

function cached(cache: Cache, bits: number, compute: (one: bigint) => bigint): bigint {
  if (cache.bits < bits) {
    // Half as much again, so that a slow growth of demand does not recompute each time.
    cache.bits = bits < 768 ? 768 : Math.ceil(bits * 1.5);
    cache.value = compute(1n << BigInt(cache.bits + guardBits)) >> BigInt(guardBits);
  }
  return cache.value >> BigInt(cache.bits - bits);
}

/** Σ signᵏ / ((2k+1) · q^(2k+1)) · one: arctan(1/q) for sign −1, artanh(1/q) for sign 1. */
function arcSeries(one: bigint, q: bigint, sign: bigint): bigint {
  const square = q * q * sign;
  let power = one / q;
  let sum = power;
  for (let k = 3n; power !== 0n; k += 2n) {
    power /= square;
    sum += power / k;
  }
  return sum;
}
