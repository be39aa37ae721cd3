/** Little-endian fields of zip records. A field at its marker says that the value stands in the zip64 form. */
export const marker16 = 0xffff;
export const marker32 = 0xffffffff;

/** Two bytes. */
export function u16(value: number): Uint8Array {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

/** Four bytes. */
export function u32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** Eight bytes, for values up to 2^53. */
export function u64(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

/** Fields one after another. */
export function fields(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}
