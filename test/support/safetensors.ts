import { z } from 'zod';

const header = z.record(
  z.string(),
  z.object({
    dtype: z.string(),
    shape: z.array(z.int()),
    data_offsets: z.tuple([z.int(), z.int()]),
  }),
);

export interface StoredTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** The tensor's bytes, little-endian, row-major. */
  readonly bytes: Buffer;
}

/** Reads a safetensors file: eight bytes of header length, a JSON header, the data. */
export function readSafetensors(file: Buffer): Map<string, StoredTensor> {
  const headerEnd = 8 + Number(file.readBigUInt64LE(0));
  const { __metadata__: _, ...entries } = JSON.parse(file.toString('utf8', 8, headerEnd));
  return new Map(
    Object.entries(header.parse(entries)).map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [start, end],
        },
      ]) => [name, { dtype, shape, bytes: file.subarray(headerEnd + start, headerEnd + end) }],
    ),
  );
}
