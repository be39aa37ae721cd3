import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { type Chunk, chunks } from '../../src/formats/chunks.js';
import type {
  BinaryFormat,
  FileDescription,
  FileLayout,
  ReadElements,
  TextFormat,
} from '../../src/formats/define.js';
import { bfloat16FromFloat64 } from '../../src/tensor/bfloat16.js';
import { type DType, dtypes } from '../../src/tensor/dtype.js';
import { float16FromFloat64 } from '../../src/tensor/float16.js';
import { byteLength, type TensorSpec } from '../../src/tensor/spec.js';

/** Committed vectors: test/golden/formats, seen from the compiled test. */
export function golden(name: string): Buffer {
  return readFileSync(new URL(`../../../test/golden/formats/${name}`, import.meta.url));
}

/** A file of the given tensors with a plain head. */
export function describe(specs: readonly TensorSpec[], more: Partial<FileDescription> = {}): FileDescription {
  return { specs, identity: 'x', encoding: 'e', params: {}, profile: null, revision: '1', meta: {}, ...more };
}

/** How one number of each dtype is written to a place in bytes; a c64 element is two numbers. */
const put: Readonly<Record<DType, (view: DataView, number: number, value: number) => void>> = {
  f64: (view, number, value) => view.setFloat64(8 * number, value, true),
  f32: (view, number, value) => view.setFloat32(4 * number, value, true),
  c64: (view, number, value) => view.setFloat32(4 * number, value, true),
  f16: (view, number, value) => view.setUint16(2 * number, float16FromFloat64(value), true),
  bf16: (view, number, value) => view.setUint16(2 * number, bfloat16FromFloat64(value), true),
  i32: (view, number, value) => view.setInt32(4 * number, value, true),
  i64: (view, number, value) => view.setBigInt64(8 * number, BigInt(value), true),
  bool: (view, number, value) => view.setUint8(number, value),
};

/** Reads given numbers (row-major; [re, im] pairs flattened for c64) as the elements of each tensor. */
export function reader(
  specs: readonly TensorSpec[],
  values: (tensor: number, number: number) => number,
): ReadElements {
  return (tensor, first, count, out) => {
    const { dtype } = specs[tensor]!;
    if (out.byteOffset % 8 !== 0) throw new Error('the buffer of a read is aligned to 8 bytes');
    const parts = dtype === 'c64' ? 2 : 1;
    const view = new DataView(out.buffer, out.byteOffset, count * dtypes[dtype].bytes);
    for (let i = 0; i < count * parts; i++) put[dtype](view, i, values(tensor, first * parts + i));
  };
}

/** The numbers of test/golden/formats.py: i mod 7 − 3, a quarter of it for floats, i mod 3 = 0 for masks. */
export function patternReader(specs: readonly TensorSpec[]): ReadElements {
  return reader(specs, (tensor, i) => {
    const { dtype } = specs[tensor]!;
    if (dtype === 'bool') return i % 3 === 0 ? 1 : 0;
    if (dtype === 'i64' || dtype === 'i32') return (i % 7) - 3;
    if (dtype !== 'c64') return ((i % 7) - 3) / 4;
    const real = ((Math.floor(i / 2) % 7) - 3) / 4;
    return i % 2 === 0 ? real : 0 - real / 2;
  });
}

/** Bytes of one chunk, computed as a server would. */
export function chunkBytes(chunk: Chunk, specs: readonly TensorSpec[], read: ReadElements): Uint8Array {
  switch (chunk.kind) {
    case 'bytes':
      return chunk.bytes;
    case 'elements': {
      const size = chunk.count * dtypes[specs[chunk.tensor]!.dtype].bytes;
      const block = new Uint8Array(size);
      read(chunk.tensor, chunk.first, chunk.count, block);
      return block.subarray(chunk.skip, chunk.skip + chunk.byteLength);
    }
    case 'checksum': {
      const dataCrc = (tensor: number): number => {
        const spec = specs[tensor]!;
        const data = new Uint8Array(byteLength(spec));
        read(tensor, 0, byteLength(spec) / dtypes[spec.dtype].bytes, data);
        return crc32(data);
      };
      return chunk.segment.bytes(dataCrc).subarray(chunk.from, chunk.to);
    }
  }
}

/** Bytes start … end − 1 of a layout, put together from chunks. */
export function slice(
  layout: FileLayout,
  specs: readonly TensorSpec[],
  read: ReadElements,
  start = 0,
  end = layout.byteLength,
  maxBytes = 4096,
): Buffer {
  return Buffer.concat(
    [...chunks(layout, specs, start, end, maxBytes)].map((c) => chunkBytes(c, specs, read)),
  );
}

/** The whole file of a binary format with the pattern's numbers. */
export function render(
  format: BinaryFormat,
  file: FileDescription,
  read = patternReader(file.specs),
): Buffer {
  return slice(format.layout(file), file.specs, read);
}

/** The whole text of a text format. */
export function print(format: TextFormat, file: FileDescription, read = patternReader(file.specs)): string {
  return [...format.print(file, read)].join('');
}
