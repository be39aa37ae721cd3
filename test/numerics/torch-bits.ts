import { readFileSync } from 'node:fs';

interface InvFreqBits {
  readonly cases: readonly { rope_theta: number; dim: number; inv_freq_bits: readonly string[] }[];
}

interface PowfBits {
  readonly frequencies: readonly { base: number; dim: number; power_bits: string; inv_freq_bits: string }[];
  readonly integer_powers: readonly {
    base: number;
    first: number;
    step: number;
    count: number;
    power_bits: string;
  }[];
}

/** torch's inv_freq of 48 (base, dim) pairs of published models. */
export const invFreqBits: InvFreqBits = golden('inv_freq_bits.json');

/** torch's powers; test/golden/powf.py made it. */
export const powfBits: PowfBits = golden('powf.json');

function golden(name: string) {
  return JSON.parse(readFileSync(new URL(`../../../test/golden/${name}`, import.meta.url), 'utf8'));
}

/** Counts the elements compared with, and different from, float32 bit patterns. */
export class BitComparison {
  compared = 0;
  differing = 0;

  /** `bits` has eight hexadecimal digits an element. Throws where the lengths differ. */
  add(values: Float32Array, bits: string): void {
    const expected = bits.match(/.{8}/g) ?? [];
    if (values.length !== expected.length)
      throw new Error(`${values.length} values for ${expected.length} expected`);
    expected.forEach((pattern, i) => {
      this.compared++;
      if (float32Bits(values[i]) !== pattern) this.differing++;
    });
  }
}

/** The eight hexadecimal digits of a float32. */
export function float32Bits(x: number | undefined): string {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, x ?? Number.NaN);
  return view.getUint32(0).toString(16).padStart(8, '0');
}
