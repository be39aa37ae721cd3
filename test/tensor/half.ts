import fc from 'fast-check';
import { decompose } from '../../src/numerics/bits.js';

/** What the tests of a 16-bit float type need to know of it. */
export interface HalfType {
  readonly fromFloat64: (x: number) => number;
  readonly toNumber: (bits: number) => number;
  /** Bits of infinity. */
  readonly infinity: number;
  /** The power of two that infinity stands for when values are rounded. */
  readonly limit: number;
  readonly nan: number;
}

const words = new DataView(new ArrayBuffer(8));

/** The float64 of 64 bits. */
export function float64FromBits(bits: bigint): number {
  words.setBigUint64(0, bits);
  return words.getFloat64(0);
}

function bitsOfFloat64(x: number): bigint {
  words.setFloat64(0, x);
  return words.getBigUint64(0);
}

/** A finite float64 as an integer multiple of 2^−1074. */
function units(x: number): bigint {
  const { mantissa, exponent } = decompose(x);
  return mantissa << BigInt(exponent + 1074);
}

/** Whether `bits` are those of the nearest value, half to even, decided in exact integers. */
export function roundsExactly(type: HalfType, x: number): boolean {
  const bits = type.fromFloat64(x);
  if (Number.isNaN(x)) return bits === type.nan;
  const negative = x < 0 || Object.is(x, -0);
  if (bits >>> 15 !== Number(negative)) return false;
  const size = Math.abs(x);
  const place = bits & 0x7fff;
  if (size === Number.POSITIVE_INFINITY) return place === type.infinity;
  const value = (at: number): bigint => units(at === type.infinity ? type.limit : type.toNumber(at));
  const distance = (at: number): bigint => {
    const d = units(size) - value(at);
    return d < 0n ? -d : d;
  };
  const odd = place % 2 === 1;
  // Beyond infinity there is nothing; what is farther still stays infinity.
  if (place === type.infinity) {
    const below = distance(place - 1);
    return units(size) > value(place) || distance(place) <= below;
  }
  for (const neighbour of [place - 1, place + 1]) {
    if (neighbour < 0) continue;
    if (distance(neighbour) < distance(place) || (odd && distance(neighbour) === distance(place)))
      return false;
  }
  return true;
}

/** float64 values of every kind, half of them within three ulps of a midpoint between two values of the type. */
export function interestingFloat64(type: HalfType): fc.Arbitrary<number> {
  const nearMidpoint = fc
    .record({
      place: fc.nat({ max: type.infinity - 1 }),
      off: fc.integer({ min: -3, max: 3 }),
      sign: fc.boolean(),
    })
    .map(({ place, off, sign }) => {
      const above = place + 1 === type.infinity ? type.limit : type.toNumber(place + 1);
      const middle = type.toNumber(place) / 2 + above / 2;
      const x = float64FromBits(bitsOfFloat64(middle) + BigInt(off));
      return sign ? -x : x;
    });
  return fc.oneof(nearMidpoint, fc.double(), fc.double({ min: -100_000, max: 100_000, noNaN: true }));
}

/** Unsigned words from the hexadecimal lists of test/golden/formats/float-rounding.json. */
export function hexWords(text: string): bigint[] {
  return text.split(' ').map((word) => BigInt(`0x${word}`));
}
