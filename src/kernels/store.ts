import { bfloat16FromFloat64 } from '../tensor/bfloat16.js';
import type { DType } from '../tensor/dtype.js';
import { float16FromFloat64 } from '../tensor/float16.js';

const TWO_32 = 2 ** 32;

/**
 * Writes `count` float64 values to `out` as `dtype`, each rounded once (half to even).
 * Integers go to i64 exactly up to 2^53; masks are true where the value is not 0. c64 values come as pairs.
 */
export function store(dtype: DType, values: Float64Array, count: number, out: Uint8Array): void {
  const { buffer, byteOffset } = out;
  switch (dtype) {
    case 'f64':
      new Float64Array(buffer, byteOffset, count).set(values.subarray(0, count));
      return;
    case 'f32':
      new Float32Array(buffer, byteOffset, count).set(values.subarray(0, count));
      return;
    case 'c64':
      new Float32Array(buffer, byteOffset, 2 * count).set(values.subarray(0, 2 * count));
      return;
    case 'f16': {
      const target = new Uint16Array(buffer, byteOffset, count);
      for (let i = 0; i < count; i++) target[i] = float16FromFloat64(values[i]!);
      return;
    }
    case 'bf16': {
      const target = new Uint16Array(buffer, byteOffset, count);
      for (let i = 0; i < count; i++) target[i] = bfloat16FromFloat64(values[i]!);
      return;
    }
    case 'i32':
      new Int32Array(buffer, byteOffset, count).set(values.subarray(0, count));
      return;
    case 'i64': {
      const words = new Int32Array(buffer, byteOffset, 2 * count);
      for (let i = 0; i < count; i++) {
        const value = values[i]!;
        words[2 * i] = value | 0;
        words[2 * i + 1] = Math.floor(value / TWO_32);
      }
      return;
    }
    case 'bool':
      for (let i = 0; i < count; i++) out[i] = values[i] === 0 ? 0 : 1;
  }
}
