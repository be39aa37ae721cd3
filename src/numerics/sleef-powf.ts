import { powerOfTwoNumber } from './bits.js';
import { fmaFloat32 } from './fma.js';
import {
  add,
  addFloat,
  addFloatOrdered,
  addOrdered,
  divide,
  multiply,
  multiplyFloat,
  normalize,
  scale,
  square,
  sumOfFloats,
  type TwoFloat,
} from './two-float.js';

/**
 * SLEEF's float32 power within 1.0 ulp, in its variant for processors with AVX2 and FMA
 * (`Sleef_powf8_u10avx2`): exp(y · ln x) in two-float arithmetic.
 * Source of algorithm, order of operations and constants: shibatch/sleef 4.0.0 (the same in 3.6),
 * src/libm/sleefsimdsp.c `xpowf`, `logkf`, `expkf`, src/common/df.h; Boost Software License 1.0.
 */
const f = Math.fround;
const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);

const smallestNormal = powerOfTwoNumber(-126);

/** ln 2 as a two-float, and its parts with trailing zeros, whose products with an exponent are exact. */
const ln2: TwoFloat = { hi: 0.6931471824645996, lo: -1.9046542121259336e-9 };
const ln2Upper = 0.693145751953125;
const ln2Lower = 1.428606765330187e-6;
const inverseLn2 = 1.4426950216293335;

/** 2/3, the first coefficient of 2 artanh(x) after 2x. */
const twoThirds: TwoFloat = { hi: 0.6666666269302368, lo: 3.6918386125961433e-9 };
const fourThirds = 1.3333333730697632;

/** Of e^x, the result of every argument below −104 is 0 in SLEEF, and above 88.73 infinite in float32. */
const underflow = -104;
const overflow = 89;

/**
 * float32 `x^y` for float32 x, y; x positive and finite, y finite.
 * Bit-equal to `Sleef_powf8_u10avx2`.
 */
export function sleefPowf(x: number, y: number): number {
  if (y === 0 || x === 1) return 1;
  return exponential(multiplyFloat(logarithm(x), y));
}

/** ln d (logkf): d = m · 2^e with m in [0.75, 1.5), ln m = 2 artanh((m − 1) / (m + 1)). */
function logarithm(d: number): TwoFloat {
  const subnormal = d < smallestNormal;
  const normal = subnormal ? f(d * 0x1_0000_0000 * 0x1_0000_0000) : d;
  // SLEEF takes the exponent of d · 4/3 from its bits, and gets 128 where that product is infinite.
  f32[0] = normal * fourThirds;
  const exponent = (((u32[0] ?? 0) >>> 23) & 0xff) - 127;
  f32[0] = normal;
  u32[0] = (u32[0] ?? 0) - exponent * 0x800000;
  const m = f32[0] ?? 0;

  const x = divide(sumOfFloats(-1, m), sumOfFloats(1, m));
  const x2 = square(x);
  let t = fmaFloat32(0.2403203547000885, x2.hi, 0.2851126790046692);
  t = fmaFloat32(t, x2.hi, 0.4000079929828644);
  const tail = multiply(multiply(x2, x), add(multiplyFloat(x2, t), twoThirds));
  const whole = multiplyFloat(ln2, subnormal ? exponent - 64 : exponent);
  return addOrdered(addOrdered(whole, scale(x, 2)), tail);
}

/** e^d rounded to float32 (expkf): d = q ln 2 + s, e^s by a polynomial. */
function exponential(d: TwoFloat): number {
  if (d.hi < underflow) return 0;
  if (d.hi > overflow) return Number.POSITIVE_INFINITY;
  const q = roundHalfEven(f(f(d.hi + d.lo) * inverseLn2));
  const s = normalize(addFloat(addFloat(d, f(q * -ln2Upper)), f(q * -ln2Lower)));

  let u = fmaFloat32(0.0013632464688271284, s.hi, 0.00836596917361021);
  u = fmaFloat32(u, s.hi, 0.04167108237743378);
  u = fmaFloat32(u, s.hi, 0.16666552424430847);
  u = fmaFloat32(u, s.hi, 0.49999985098838806);
  const t = addFloatOrdered(1, addOrdered(s, multiplyFloat(square(s), u)));
  return timesPowerOfTwo(f(t.hi + t.lo), q);
}

/**
 * `x · 2^q` in SLEEF's steps (vldexp_vf_vf_vi2): four equal factors and a rest. Subnormal results are rounded
 * at more than one of them.
 */
function timesPowerOfTwo(x: number, q: number): number {
  const sign = q >> 31;
  const quarter = (((sign + q) >> 6) - sign) << 4;
  const u = powerOfTwoNumber(quarter);
  const scaled = f(f(f(f(x * u) * u) * u) * u);
  return f(scaled * powerOfTwoNumber(q - 4 * quarter));
}

/** The nearest integer, half to even, for |x| < 2^51. */
function roundHalfEven(x: number): number {
  const shift = 0x18_0000_0000_0000;
  return x + shift - shift;
}
