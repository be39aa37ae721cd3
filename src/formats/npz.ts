import { crc32 } from 'node:zlib';
import { byteLength } from '../tensor/spec.js';
import { combineCrc32 } from './crc32.js';
import type { BinaryFormat, Segment } from './define.js';
import { npyHeader, refusedByNumpy } from './npy.js';
import { fields, marker16, marker32, u16, u32, u64 } from './zip-fields.js';

// PKWARE APPNOTE 6.3.10; section numbers below are its.
const storedMethod = 0;
/** CRC and sizes follow the data (4.4.4, bit 3), so the first byte need not wait for the last. */
const descriptorFollows = 0x0008;
/** The name is UTF-8 (4.4.4, bit 11), set as Python sets it: only where it is not ASCII. */
const utf8Name = 0x0800;
/** 1980-01-01 00:00:00, the zero of DOS time: a file holds nothing that varies with time. */
const dosTime = 0;
const dosDate = (0 << 9) | (1 << 5) | 1;
const plainVersion = 20;
const zip64Version = 45;
/** Made on Unix (upper byte 3), so that the attributes are a mode: a regular file, rw-r--r--. */
const madeByUnix = 3 << 8;
const regularFileMode = 0o100644;

/** Collects segments, joining neighbouring bytes, and knows where the next one begins. */
class SegmentList {
  readonly segments: Segment[] = [];
  byteLength = 0;
  #pending: Uint8Array[] = [];

  bytes(...parts: readonly Uint8Array[]): void {
    for (const part of parts) {
      this.#pending.push(part);
      this.byteLength += part.length;
    }
  }

  push(segment: Segment & { readonly byteLength: number }): void {
    this.#flush();
    this.segments.push(segment);
    this.byteLength += segment.byteLength;
  }

  finish(): readonly Segment[] {
    this.#flush();
    return this.segments;
  }

  #flush(): void {
    if (this.#pending.length > 0) this.segments.push({ kind: 'bytes', bytes: Buffer.concat(this.#pending) });
    this.#pending = [];
  }
}

interface Entry {
  readonly name: Uint8Array;
  readonly flags: number;
  readonly size: number;
  readonly offset: number;
  /** The four bytes of the CRC-32 of npy header and data. */
  readonly checksum: Segment & { readonly kind: 'checksum' };
}

/** The parts of a central directory header before and after its CRC (4.3.12, 4.5.3). */
function centralHeader({ name, flags, size, offset }: Entry): readonly [Uint8Array, Uint8Array] {
  const wide: Uint8Array[] = [];
  if (size >= marker32) wide.push(u64(size), u64(size));
  if (offset >= marker32) wide.push(u64(offset));
  const extra = wide.length === 0 ? fields() : fields(u16(1), u16(8 * wide.length), ...wide);
  const version = wide.length === 0 ? plainVersion : zip64Version;
  const small = u32(Math.min(size, marker32));
  return [
    fields(
      u32(0x02014b50),
      u16(madeByUnix | version),
      u16(version),
      u16(flags),
      u16(storedMethod),
      u16(dosTime),
      u16(dosDate),
    ),
    fields(
      small,
      small,
      u16(name.length),
      u16(extra.length),
      u16(0), // comment length
      u16(0), // disk
      u16(0), // internal attributes
      u32(regularFileMode * 0x10000),
      u32(Math.min(offset, marker32)),
      name,
      extra,
    ),
  ];
}

/** The end of central directory record, after its zip64 form and locator where a field overflows (4.3.14–16). */
function endOfDirectory(count: number, offset: number, size: number): Uint8Array {
  const end = fields(
    u32(0x06054b50),
    u16(0),
    u16(0),
    u16(Math.min(count, marker16)),
    u16(Math.min(count, marker16)),
    u32(Math.min(size, marker32)),
    u32(Math.min(offset, marker32)),
    u16(0),
  );
  if (count < marker16 && size < marker32 && offset < marker32) return end;
  return fields(
    u32(0x06064b50),
    u64(44), // what remains of this record
    u16(madeByUnix | zip64Version),
    u16(zip64Version),
    u32(0),
    u32(0),
    u64(count),
    u64(count),
    u64(size),
    u64(offset),
    u32(0x07064b50),
    u32(0),
    u64(offset + size),
    u32(1),
    end,
  );
}

/**
 * NumPy's archive: a zip of stored entries `<name>.npy`, in the order of the specs. Only the CRC fields (four
 * bytes after each entry and four in its directory header) depend on numbers; each names the one tensor it needs.
 */
export const npz: BinaryFormat = {
  kind: 'binary',
  name: 'npz',
  extension: 'npz',
  mediaType: 'application/x-npz',
  revision: '1',
  single: false,
  refuses: refusedByNumpy,
  layout: ({ specs }) => {
    const file = new SegmentList();
    const entries: Entry[] = [];
    for (const [tensor, spec] of specs.entries()) {
      const offset = file.byteLength;
      const name = Buffer.from(`${spec.name}.npy`);
      const ascii = name.length === spec.name.length + 4;
      const flags = descriptorFollows | (ascii ? 0 : utf8Name);
      const header = npyHeader(spec);
      const headerCrc = crc32(header);
      const dataLength = byteLength(spec);
      const size = header.length + dataLength;
      const wide = size >= marker32;
      // The extra field is what tells a reader that the descriptor's sizes have 8 bytes (4.3.9.2).
      const extra = wide ? fields(u16(1), u16(16), u64(0), u64(0)) : fields();
      const unknown = u32(wide ? marker32 : 0);
      file.bytes(
        u32(0x04034b50),
        u16(wide ? zip64Version : plainVersion),
        u16(flags),
        u16(storedMethod),
        u16(dosTime),
        u16(dosDate),
        u32(0), // CRC: in the descriptor
        unknown,
        unknown,
        u16(name.length),
        u16(extra.length),
        name,
        extra,
        header,
      );
      file.push({ kind: 'tensor', tensor, byteLength: dataLength });
      const checksum = {
        kind: 'checksum',
        byteLength: 4,
        tensors: [tensor],
        bytes: (crcOf: (tensor: number) => number) => u32(combineCrc32(headerCrc, crcOf(tensor), dataLength)),
      } as const;
      const sizeField = wide ? u64(size) : u32(size);
      file.bytes(u32(0x08074b50));
      file.push(checksum);
      file.bytes(sizeField, sizeField);
      entries.push({ name, flags, size, offset, checksum });
    }
    const directory = file.byteLength;
    for (const entry of entries) {
      const [before, after] = centralHeader(entry);
      file.bytes(before);
      file.push(entry.checksum);
      file.bytes(after);
    }
    file.bytes(endOfDirectory(entries.length, directory, file.byteLength - directory));
    return { byteLength: file.byteLength, segments: file.finish() };
  },
};
