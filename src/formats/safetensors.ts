import { type DType, dtypes } from '../tensor/dtype.js';
import { byteLength } from '../tensor/spec.js';
import type { BinaryFormat, Segment } from './define.js';

/** The reference writer sorts by its own enumeration of dtypes, last first, then by name. */
const dtypeOrder: readonly DType[] = ['i64', 'f64', 'c64', 'f32', 'i32', 'bf16', 'f16', 'bool'];

/**
 * safetensors, byte for byte as the reference writer 0.8.0 lays it out: length of the header (u64), a JSON
 * header with `__metadata__` first and padded with spaces to 8 bytes, then the tensors in the writer's order.
 */
export const safetensors: BinaryFormat = {
  kind: 'binary',
  name: 'safetensors',
  extension: 'safetensors',
  mediaType: 'application/vnd.safetensors',
  revision: '1',
  single: false,
  refuses: () => null,
  layout: ({ specs, identity }) => {
    const order = specs
      .map((spec, tensor) => ({ spec, tensor, name: Buffer.from(spec.name) }))
      .sort(
        (a, b) =>
          dtypeOrder.indexOf(a.spec.dtype) - dtypeOrder.indexOf(b.spec.dtype) ||
          // Rust compares strings by their UTF-8 bytes; JavaScript would compare UTF-16 units.
          Buffer.compare(a.name, b.name),
      );
    const entries = [`"__metadata__":{"posenc":${JSON.stringify(identity)}}`];
    const segments: Segment[] = [];
    let offset = 0;
    for (const { spec, tensor } of order) {
      const data = byteLength(spec);
      const value = {
        dtype: dtypes[spec.dtype].safetensors,
        shape: spec.shape,
        data_offsets: [offset, offset + data],
      };
      entries.push(`${JSON.stringify(spec.name)}:${JSON.stringify(value)}`);
      segments.push({ kind: 'tensor', tensor, byteLength: data });
      offset += data;
    }
    const json = Buffer.from(`{${entries.join(',')}}`);
    const header = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
    header.writeBigUInt64LE(BigInt(header.length - 8));
    json.copy(header, 8);
    return {
      byteLength: header.length + offset,
      segments: [{ kind: 'bytes', bytes: header }, ...segments],
    };
  },
};
