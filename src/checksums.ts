import { crc32 } from 'node:zlib';
import type { FilePlan } from './table.js';
import { byteLength } from './tensor/spec.js';

/**
 * CRC-32s of a file's tensors. They are collected while data passes one reader in order from its first element, and
 * made by a run of their own where a range needs one that did not pass.
 */
export class Checksums {
  private readonly running = new Map<number, { next: number; crc: number }>();

  /**
   * @param known CRC-32s by tensor. Readers of the same bytes may share it, but nothing else: each is at another
   * place of the file, and cuts it in another way.
   */
  constructor(private readonly known = new Map<number, number>()) {}

  /** Elements first … first + count − 1 of `total` pass as `bytes`; out of order they are passed over. */
  observe(tensor: number, first: number, count: number, total: number, bytes: Uint8Array): void {
    if (this.known.has(tensor)) return;
    const state = this.running.get(tensor) ?? { next: 0, crc: 0 };
    if (first !== state.next) return;
    state.crc = crc32(bytes, state.crc);
    state.next += count;
    if (state.next === total) this.learn(tensor, state.crc);
    else this.running.set(tensor, state);
  }

  /** The CRC-32 of a whole tensor. */
  learn(tensor: number, crc: number): void {
    this.known.set(tensor, crc);
    this.running.delete(tensor);
  }

  has(tensor: number): boolean {
    return this.known.has(tensor);
  }

  get(tensor: number): number {
    const crc = this.known.get(tensor);
    if (crc === undefined) throw new Error(`the checksum of tensor ${tensor} is not known`);
    return crc;
  }
}

/** Bytes that must be computed only to know the checksums that bytes start … end − 1 of a file hold. */
export function checksumBytes(file: FilePlan, checksums: Checksums, start: number, end: number): number {
  if (!file.layout) return 0;
  const missing = new Set<number>();
  let offset = 0;
  for (const segment of file.layout.segments) {
    const length = segment.kind === 'bytes' ? segment.bytes.length : segment.byteLength;
    if (segment.kind === 'checksum' && offset < end && offset + length > start) {
      for (const tensor of segment.tensors) if (!checksums.has(tensor)) missing.add(tensor);
    }
    offset += length;
  }
  return [...missing].reduce((sum, tensor) => sum + byteLength(file.description.specs[tensor]!), 0);
}
