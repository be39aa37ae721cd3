import { type DType, dtypes } from './dtype.js';

/** What is known of a tensor before a number of it is computed. */
export interface TensorSpec {
  readonly name: string;
  /** Row-major; the empty shape is a scalar. */
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** Number of elements of a shape (1 for a scalar). */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((n, side) => n * side, 1);
}

/** Size of a tensor's data in bytes. */
export function byteLength(spec: TensorSpec): number {
  return elementCount(spec.shape) * dtypes[spec.dtype].bytes;
}
