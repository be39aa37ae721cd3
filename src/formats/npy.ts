import { dtypes } from '../tensor/dtype.js';
import { byteLength, type TensorSpec } from '../tensor/spec.js';
import type { BinaryFormat } from './define.js';
import { onlyTensor } from './single.js';

/** Data starts at a multiple of this (numpy.lib.format.ARRAY_ALIGN), so that it can be mapped. */
const alignment = 64;
/** numpy leaves room to grow the first side to this many digits (GROWTH_AXIS_MAX_DIGITS, since 1.24). */
const growthDigits = 21;

/** A shape as Python prints a tuple: `()`, `(5,)`, `(3, 4)`. */
function pythonTuple(shape: readonly number[]): string {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
}

/** Why npy cannot hold a tensor: NumPy has no bfloat16. */
export function refusedByNumpy(spec: TensorSpec): string | null {
  if (dtypes[spec.dtype].npy !== null) return null;
  return `NumPy has no ${spec.dtype} type, so '${spec.name}' fits neither npy nor npz; use safetensors or bin`;
}

/**
 * The bytes before the data of an npy file, as numpy.save writes them (NEP 1): version 1.0, or 2.0 where the
 * header is longer than 65,535 bytes. RangeError for a dtype that NumPy lacks.
 */
export function npyHeader(spec: TensorSpec): Uint8Array {
  const { npy } = dtypes[spec.dtype];
  if (npy === null) throw new RangeError(`NumPy has no ${spec.dtype} type`);
  let text = `{'descr': '${npy}', 'fortran_order': False, 'shape': ${pythonTuple(spec.shape)}, }`;
  const first = spec.shape[0];
  if (first !== undefined) text += ' '.repeat(growthDigits - String(first).length);
  const padded = (lengthBytes: number): string => {
    const start = 8 + lengthBytes;
    // numpy adds 1 to 64 spaces, never 0, and a line feed.
    const padding = alignment - ((start + text.length + 1) % alignment);
    return `${text}${' '.repeat(padding)}\n`;
  };
  const version = padded(2).length <= 0xffff ? 1 : 2;
  const lengthBytes = version === 1 ? 2 : 4;
  const header = padded(lengthBytes);
  const bytes = Buffer.alloc(8 + lengthBytes + header.length);
  bytes.write('\x93NUMPY', 'latin1');
  bytes[6] = version;
  bytes.writeUIntLE(header.length, 8, lengthBytes);
  bytes.write(header, 8 + lengthBytes, 'latin1');
  return bytes;
}

/** NumPy's file of one array, byte for byte as numpy.save writes it. */
export const npy: BinaryFormat = {
  kind: 'binary',
  name: 'npy',
  extension: 'npy',
  mediaType: 'application/x-npy',
  revision: '1',
  single: true,
  refuses: refusedByNumpy,
  layout: ({ specs }) => {
    const spec = onlyTensor(specs);
    const header = npyHeader(spec);
    const data = byteLength(spec);
    return {
      byteLength: header.length + data,
      segments: [
        { kind: 'bytes', bytes: header },
        { kind: 'tensor', tensor: 0, byteLength: data },
      ],
    };
  },
};
