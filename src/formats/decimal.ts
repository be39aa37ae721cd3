/*
 * Decimal text as bytes: numbers are written straight into the buffer that becomes the body, because a string
 * for each would cost more than its digits.
 */
const zero = 0x30;
const minus = 0x2d;
const point = 0x2e;

/** Writes an ASCII text and returns where it ends. */
export function writeText(text: string, out: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) out[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** Writes the last `count` decimal digits of an integer from 0 to 2^31 − 1, with leading zeros. */
function writeDigits(digits: number, count: number, out: Uint8Array, at: number): void {
  let rest = digits | 0;
  for (let i = at + count - 1; i >= at; i--) {
    const tenth = (rest / 10) | 0;
    out[i] = zero + rest - tenth * 10;
    rest = tenth;
  }
}

/** Number of decimal digits of an integer from 1 to 2^31 − 1. */
function digitCount(n: number): number {
  let count = 1;
  for (let limit = 10; n >= limit; limit *= 10) count++;
  return count;
}

function writeZeros(count: number, out: Uint8Array, at: number): number {
  for (let i = 0; i < count; i++) out[at + i] = zero;
  return at + count;
}

/** Writes an integer of magnitude below 2^31 and returns where it ends. */
export function writeInteger(value: number, out: Uint8Array, at: number): number {
  let end = at;
  if (value < 0) out[end++] = minus;
  const size = Math.abs(value);
  const count = digitCount(size);
  writeDigits(size, count, out, end);
  return end + count;
}

/**
 * Writes ±digits · 10^exponent in the notation of Number::toString (ECMAScript, 6.1.6.1.20) and returns where
 * it ends: plain from 10^−6 to below 10^21, with an exponent beyond. `digits` is from 1 to 2^31 − 1.
 */
export function writeDecimal(
  negative: boolean,
  digits: number,
  exponent: number,
  out: Uint8Array,
  at: number,
): number {
  let significant = digits;
  let power = exponent;
  while (significant % 10 === 0) {
    significant /= 10;
    power += 1;
  }
  const count = digitCount(significant);
  /** Digits before the point; zero or less where the number begins 0.0… */
  const whole = count + power;
  let end = at;
  if (negative) out[end++] = minus;
  if (whole > 21 || whole <= -6) {
    writeDigits(significant, count, out, end + 1);
    out[end] = out[end + 1]!;
    if (count > 1) {
      out[end + 1] = point;
      end += count + 1;
    } else end += 1;
    return writeText(whole > 0 ? `e+${whole - 1}` : `e${whole - 1}`, out, end);
  }
  if (whole <= 0) {
    out[end] = zero;
    out[end + 1] = point;
    end = writeZeros(-whole, out, end + 2);
    writeDigits(significant, count, out, end);
    return end + count;
  }
  if (power >= 0) {
    writeDigits(significant, count, out, end);
    return writeZeros(power, out, end + count);
  }
  // The point goes between: write one place to the right, then move the whole part back over it.
  writeDigits(significant, count, out, end + 1);
  for (let i = 0; i < whole; i++) out[end + i] = out[end + i + 1]!;
  out[end + whole] = point;
  return end + count + 1;
}
