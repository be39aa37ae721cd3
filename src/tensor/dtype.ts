/** The element types of a table. Values are little-endian in every binary format. */
export type DType = 'f64' | 'f32' | 'f16' | 'bf16' | 'c64' | 'i64' | 'i32' | 'bool';

export interface DTypeInfo {
  readonly name: DType;
  readonly bytes: number;
  /** NumPy descr; null where NumPy has no such type. */
  readonly npy: string | null;
  readonly safetensors: string;
}

/** The one table of element types. */
export const dtypes: Readonly<Record<DType, DTypeInfo>> = {
  f64: { name: 'f64', bytes: 8, npy: '<f8', safetensors: 'F64' },
  f32: { name: 'f32', bytes: 4, npy: '<f4', safetensors: 'F32' },
  f16: { name: 'f16', bytes: 2, npy: '<f2', safetensors: 'F16' },
  bf16: { name: 'bf16', bytes: 2, npy: null, safetensors: 'BF16' },
  c64: { name: 'c64', bytes: 8, npy: '<c8', safetensors: 'C64' },
  i64: { name: 'i64', bytes: 8, npy: '<i8', safetensors: 'I64' },
  i32: { name: 'i32', bytes: 4, npy: '<i4', safetensors: 'I32' },
  bool: { name: 'bool', bytes: 1, npy: '|b1', safetensors: 'BOOL' },
};

export const floatDTypes = ['f64', 'f32', 'f16', 'bf16'] as const;
export const indexDTypes = ['i64', 'i32'] as const;
export type FloatDType = (typeof floatDTypes)[number];
export type IndexDType = (typeof indexDTypes)[number];
