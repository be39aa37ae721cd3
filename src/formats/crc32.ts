/**
 * CRC-32 of joined byte strings from the CRC-32 of each, after zlib's crc32_combine (crc32.c, Mark Adler):
 * a CRC is a polynomial over GF(2) modulo p, and n bytes that follow multiply it by x^(8n).
 * Polynomials are reflected: the highest bit of the word is the coefficient of x^0.
 */
const polynomial = 0xedb88320;

/** a · b modulo p. */
function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let bit = 0x80000000; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= shifted;
    shifted = (shifted & 1) === 0 ? shifted >>> 1 : (shifted >>> 1) ^ polynomial;
  }
  return product >>> 0;
}

/** x^(2^n) modulo p; the order of x divides 2^32 − 1, so the powers repeat after 32. */
const squares: readonly number[] = (() => {
  const powers = [0x40000000];
  for (let n = 1; n < 32; n++) powers.push(multiply(powers[n - 1]!, powers[n - 1]!));
  return powers;
})();

/** x^(8 · byteLength) modulo p, for byteLength up to 2^53. */
function shiftBy(byteLength: number): number {
  let power = 0x80000000;
  // 8 = 2^3 bits a byte, so the lowest bit of the length stands for x^(2^3).
  for (let rest = byteLength, n = 3; rest > 0; rest = Math.floor(rest / 2), n++)
    if (rest % 2 === 1) power = multiply(squares[n % 32]!, power);
  return power;
}

/**
 * CRC-32 of `a` followed by `b`, from the CRC-32 of each and the length of `b` in bytes.
 * The CRC-32 of nothing is 0, so a fold over pieces starts from 0.
 */
export function combineCrc32(crcA: number, crcB: number, byteLengthB: number): number {
  return (multiply(shiftBy(byteLengthB), crcA) ^ crcB) >>> 0;
}
