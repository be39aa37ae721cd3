/** Reads bytes start … end − 1 of an archive. */
export type ReadBytes = (start: number, end: number) => Buffer;

export interface ZipEntry {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly time: number;
  readonly date: number;
  readonly version: number;
  readonly crc: number;
  readonly size: number;
  readonly zip64: boolean;
  /** Where the data begins, by the local header. */
  readonly dataStart: number;
  readonly descriptor: { readonly crc: number; readonly size: number };
}

function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(`not a well-formed archive: ${what}`);
}

/** Entries of a zip archive of stored files, read from the end as unzip does; every field is held against its twin. */
export function readZip(read: ReadBytes, length: number): ZipEntry[] {
  const end = read(length - 22, length);
  must(end.readUInt32LE(0) === 0x06054b50, 'end record');
  let [count, size, offset] = [end.readUInt16LE(10), end.readUInt32LE(12), end.readUInt32LE(16)];
  let directoryEnd = length - 22;
  if (count === 0xffff || size === 0xffffffff || offset === 0xffffffff) {
    const locator = read(length - 42, length - 22);
    must(locator.readUInt32LE(0) === 0x07064b50, 'zip64 locator');
    directoryEnd = Number(locator.readBigUInt64LE(8));
    const wide = read(directoryEnd, length - 42);
    must(wide.readUInt32LE(0) === 0x06064b50 && wide.length === 56, 'zip64 end record');
    must(wide.readBigUInt64LE(4) === 44n, 'length of the zip64 end record');
    count = Number(wide.readBigUInt64LE(32));
    size = Number(wide.readBigUInt64LE(40));
    offset = Number(wide.readBigUInt64LE(48));
  }
  must(offset + size === directoryEnd, 'the directory ends where its end record begins');
  const directory = read(offset, offset + size);
  const entries: ZipEntry[] = [];
  let at = 0;
  let fileAt = 0;
  for (let i = 0; i < count; i++) {
    must(directory.readUInt32LE(at) === 0x02014b50, 'directory header');
    const nameEnd = at + 46 + directory.readUInt16LE(at + 28);
    const name = directory.subarray(at + 46, nameEnd);
    const extra = directory.subarray(nameEnd, nameEnd + directory.readUInt16LE(at + 30));
    let entrySize = directory.readUInt32LE(at + 24);
    let local = directory.readUInt32LE(at + 42);
    must(directory.readUInt32LE(at + 20) === entrySize, 'stored: both sizes are equal');
    let wideAt = 4;
    const wideField = (): number => {
      wideAt += 8;
      return Number(extra.readBigUInt64LE(wideAt - 8));
    };
    if (extra.length > 0)
      must(extra.readUInt16LE(0) === 1 && extra.readUInt16LE(2) === extra.length - 4, 'zip64 extra');
    const zip64 = entrySize === 0xffffffff;
    if (zip64) {
      entrySize = wideField();
      must(wideField() === entrySize, 'stored: both sizes are equal');
    }
    if (local === 0xffffffff) local = wideField();
    must(wideAt === extra.length || extra.length === 0, 'no more in the extra field than was needed');
    must(local === fileAt, 'entries stand one behind the other');
    const head = read(local, local + 30);
    must(head.readUInt32LE(0) === 0x04034b50, 'local header');
    must(
      head.subarray(6, 14).equals(directory.subarray(at + 8, at + 16)),
      'flags, method, time of both headers',
    );
    const dataStart = local + 30 + head.readUInt16LE(26) + head.readUInt16LE(28);
    must(read(local + 30, local + 30 + name.length).equals(name), 'name of both headers');
    must(head.readUInt32LE(14) === 0, 'the CRC comes later');
    must(head.readUInt16LE(28) === (zip64 ? 20 : 0), 'local zip64 extra');
    must(head.readUInt32LE(18) === (zip64 ? 0xffffffff : 0), 'the size comes later');
    const descriptor = read(dataStart + entrySize, dataStart + entrySize + (zip64 ? 24 : 16));
    must(descriptor.readUInt32LE(0) === 0x08074b50, 'data descriptor');
    must(head.readUInt16LE(4) === (zip64 ? 45 : 20), 'version of the local header');
    entries.push({
      name: name.toString(),
      flags: directory.readUInt16LE(at + 8),
      method: directory.readUInt16LE(at + 10),
      time: directory.readUInt16LE(at + 12),
      date: directory.readUInt16LE(at + 14),
      version: directory.readUInt16LE(at + 6),
      crc: directory.readUInt32LE(at + 16),
      size: entrySize,
      zip64,
      dataStart,
      descriptor: {
        crc: descriptor.readUInt32LE(4),
        size: zip64 ? Number(descriptor.readBigUInt64LE(8)) : descriptor.readUInt32LE(8),
      },
    });
    fileAt = dataStart + entrySize + descriptor.length;
    at = nameEnd + extra.length + directory.readUInt16LE(at + 32);
  }
  must(at === size && fileAt === offset, 'nothing stands between the entries');
  return entries;
}
