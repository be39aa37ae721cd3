import { powerOfTwoNumber } from './bits.js';
import { fmaFloat64 } from './fma.js';

/**
 * glibc's float32 power (since 2.28) on x86-64 processors with FMA (`__powf_fma`): exp2(y · log2 x) in float64
 * with two small tables, within 0.82 ulp and so not correctly rounded.
 * glibc is built so that each `a·b + c` of the source is one fused operation there; so it is here.
 * Source of algorithm, tables and coefficients: ARM-software/optimized-routines 26.01, math/powf.c,
 * math/powf_log2_data.c, math/exp2f_data.c (32 entries); MIT or Apache-2.0 WITH LLVM-exception.
 */
const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);

const smallestNormal = powerOfTwoNumber(-126);

/** Bits of 0.69921875: the lower end of the binade that z = x / 2^k is taken from. */
const lowerEnd = 0x3f330000;

/** (1/c, log2 c) for c near the centre of each sixteenth of the binade. */
const log2Table: readonly (readonly [inverse: number, log2: number])[] = [
  [1.398907162146528, -0.48430022186289673],
  [1.3403141896637998, -0.42257122959194704],
  [1.286432210124115, -0.3633754347673556],
  [1.2367150214269895, -0.30651309567405577],
  [1.1906977166711752, -0.25180720160537634],
  [1.1479821020556429, -0.19910014943794563],
  [1.1082251448272158, -0.14825100623281615],
  [1.0711297413057381, -0.09913323807318392],
  [1.036437278977283, -0.051632812977629436],
  [1, 0],
  [0.9492859795739057, 0.07508531937943004],
  [0.8951049428609004, 0.15987125980713107],
  [0.8476821620351103, 0.2384046664317681],
  [0.8050314851692001, 0.31288288605863257],
  [0.7664671008843108, 0.38370422656453185],
  [0.731428603316328, 0.451211048935815],
];

/** 2^(i/32) for i = 0…31. */
const exp2Table: readonly number[] = [
  1,
  1.0218971486541166,
  1.0442737824274138,
  1.0671404006768237,
  1.0905077326652577,
  1.1143867425958924,
  1.1387886347566916,
  1.1637248587775775,
  1.189207115002721,
  1.215247359980469,
  1.241857812073484,
  1.2690509571917332,
  1.2968395546510096,
  1.3252366431597413,
  1.3542555469368927,
  1.383909881963832,
  Math.SQRT2,
  1.4451808069770467,
  1.4768261459394993,
  1.5091644275934228,
  1.5422108254079407,
  1.5759808451078865,
  1.6104903319492543,
  1.645755478153965,
  1.681792830507429,
  1.718619298122478,
  1.7562521603732995,
  1.7947090750031072,
  1.8340080864093424,
  1.8741676341103,
  1.9152065613971474,
  1.9571441241754002,
];

/** y · log2 x from which the result is infinite, and up to which it is 0. */
const overflow = 127.99999995700433;
const underflow = -150;

/**
 * float32 `x^y` for float32 x, y; x positive and finite, y finite. Bit-equal to glibc's powf.
 */
export function glibcPowf(x: number, y: number): number {
  if (y === 0) return 1;
  const exponent = y * log2(x);
  if (exponent <= underflow) return 0;
  if (exponent > overflow) return Number.POSITIVE_INFINITY;
  return exp2(exponent);
}

/** log2 x = log2(1 + r) + log2 c + k, with r = z/c − 1; relative error below 1.83 · 2^−33. */
function log2(x: number): number {
  const subnormal = x < smallestNormal;
  f32[0] = subnormal ? x * 0x800000 : x;
  const bits = (u32[0] ?? 0) - (subnormal ? 23 * 0x800000 : 0);
  const offset = bits - lowerEnd;
  const [inverse, log2c] = log2Table[(offset >> 19) & 15] ?? [1, 0];
  const k = offset >> 23;
  u32[0] = bits - k * 0x800000;
  const z = f32[0];

  const r = fmaFloat64(z, inverse, -1);
  const r2 = r * r;
  const upper = fmaFloat64(0.288457581109214, r, -0.36092606229713164);
  const middle = fmaFloat64(0.480898481472577, r, -0.7213474675006291);
  const lower = fmaFloat64(1.4426950408774342, r, log2c + k);
  return fmaFloat64(upper, r2 * r2, fmaFloat64(middle, r2, lower));
}

/** 2^x rounded to float32, for −150 < x < 128: x = n/32 + r, relative error below 1.69 · 2^−34. */
function exp2(x: number): number {
  const shift = 0x18_0000_0000_0000 / 32;
  const nearest = x + shift - shift;
  const n = nearest * 32;
  const r = x - nearest;
  const entry = (exp2Table[n & 31] ?? 1) * powerOfTwoNumber(n >> 5);

  const upper = fmaFloat64(0.05550361559341535, r, 0.2402284522445722);
  const polynomial = fmaFloat64(upper, r * r, fmaFloat64(0.6931471806916203, r, 1));
  return Math.fround(polynomial * entry);
}
