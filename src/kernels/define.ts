import type { DType } from '../tensor/dtype.js';
import type { TensorSpec } from '../tensor/spec.js';
import type { Rows } from './rows.js';
import type { WasmEngine } from './wasm/engine.js';

/** A prepared tensor: fills any slice of its elements, in any order, always with the same bytes. */
export interface Filler {
  /**
   * Writes elements first … first + count − 1 (row-major) to the start of `out`.
   * `out` is aligned to 8 bytes and has at least count · bytes-per-element bytes.
   */
  fill(first: number, count: number, out: Uint8Array): void;
}

/** One kernel: one kind of rows on one backend. */
export interface BlockKernel<R extends Rows = Rows> {
  readonly kind: R['kind'];
  prepare(rows: R, spec: TensorSpec): Filler;
}

/** Who may be asked to compute: one backend, or the fastest that gives the reference bytes. */
export const backendChoices = ['auto', 'js', 'wasm', 'gpu'] as const;
export type BackendChoice = (typeof backendChoices)[number];
export type BackendName = Exclude<BackendChoice, 'auto'>;

/** Someone who can compute tables. */
export interface Backend {
  readonly name: BackendName;
  /** What computes, such as `TypeScript` or `gpu.js webasm`. */
  readonly device: string;
  /** What its output is worth, in a sentence. */
  readonly bound: string;
  /**
   * For each kind of rows it has a kernel for, how far its values may lie from the true ones before they are
   * rounded to the dtype; 0 where its bytes are the reference bytes.
   */
  readonly maxError: Readonly<Partial<Record<Rows['kind'], number>>>;
  /** Dtypes in which its bytes are the reference bytes all the same. */
  readonly exactDTypes?: readonly DType[];
  /** The WebAssembly engine behind it: its memory can hold the blocks that it fills, and threads can share both. */
  readonly engine?: WasmEngine;
  /** null where these rows are beyond what it keeps `maxError` for. */
  readonly prepare: (rows: Rows, spec: TensorSpec) => Filler | null;
}

/**
 * How far the values of a backend may lie from the true ones before they are rounded to the dtype; 0 where its bytes
 * are the reference bytes, undefined where it has no kernel.
 */
export function errorOf(
  { maxError, exactDTypes = [] }: Backend,
  kind: Rows['kind'],
  dtype: DType,
): number | undefined {
  const error = maxError[kind];
  return error !== undefined && exactDTypes.includes(dtype) ? 0 : error;
}
