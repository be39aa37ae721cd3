import { dtypes } from '../tensor/dtype.js';
import type { TensorSpec } from '../tensor/spec.js';
import type { FileLayout, Segment } from './define.js';

/** A piece of a file, small enough for one buffer. */
export type Chunk =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /**
   * Elements first … first + count − 1 of a tensor. The file takes `byteLength` of their bytes, after the first
   * `skip`: a range may begin and end inside an element.
   */
  | {
      readonly kind: 'elements';
      readonly tensor: number;
      readonly first: number;
      readonly count: number;
      readonly skip: number;
      readonly byteLength: number;
    }
  /** Bytes from … to − 1 of a segment that needs checksums. */
  | {
      readonly kind: 'checksum';
      readonly segment: Segment & { readonly kind: 'checksum' };
      readonly from: number;
      readonly to: number;
    };

/** Rows a step of the phase kernels: chunks of whole steps leave no row block half done. */
const stepRows = 256;

/** Greatest power of two ≤ n, for n ≥ 1. */
function floorPowerOfTwo(n: number): number {
  let power = 1;
  while (power * 2 <= n) power *= 2;
  return power;
}

/**
 * Elements between two cuts of a tensor: whole steps of 256 rows where they fit `limit` elements, else a power
 * of two of rows, else (rows longer than the limit) a power of two of elements. Cuts stand at its multiples, so
 * every reader of a table asks for the same blocks, wherever it starts.
 */
export function cutEvery(spec: TensorSpec, limit: number): number {
  const width = Math.max(1, spec.shape.at(-1) ?? 1);
  const rows = Math.floor(limit / width);
  if (rows === 0) return floorPowerOfTwo(limit);
  if (rows < stepRows) return floorPowerOfTwo(rows) * width;
  return (rows - (rows % stepRows)) * width;
}

/** Bytes from … to − 1 of a tensor's data. */
function* elements(
  spec: TensorSpec,
  tensor: number,
  from: number,
  to: number,
  maxBytes: number,
): Generator<Chunk, void, void> {
  const { bytes } = dtypes[spec.dtype];
  const every = cutEvery(spec, Math.floor(maxBytes / bytes));
  const end = Math.ceil(to / bytes);
  let at = from;
  while (at < to) {
    const first = Math.floor(at / bytes);
    const next = Math.min(end, (Math.floor(first / every) + 1) * every);
    const skip = at - first * bytes;
    const stop = Math.min(to, next * bytes);
    yield { kind: 'elements', tensor, first, count: next - first, skip, byteLength: stop - at };
    at = stop;
  }
}

/**
 * Bytes start … end − 1 of a file, in order, in pieces whose elements fit `maxBytes` (at least 8). A piece costs
 * the same wherever it stands; offsets may reach 2^53, so nothing here is an int32. RangeError outside the file.
 */
export function* chunks(
  layout: FileLayout,
  specs: readonly TensorSpec[],
  start: number,
  end: number,
  maxBytes: number,
): Generator<Chunk, void, void> {
  if (!(start >= 0 && start <= end && end <= layout.byteLength))
    throw new RangeError(`bytes ${start} to ${end} do not lie in a file of ${layout.byteLength}`);
  if (maxBytes < 8) throw new RangeError(`${maxBytes} bytes do not hold an element`);
  let offset = 0;
  for (const segment of layout.segments) {
    if (offset >= end) return;
    const length = segment.kind === 'bytes' ? segment.bytes.length : segment.byteLength;
    const from = Math.max(0, start - offset);
    const to = Math.min(length, end - offset);
    offset += length;
    if (from >= to) continue;
    switch (segment.kind) {
      case 'bytes':
        yield { kind: 'bytes', bytes: segment.bytes.subarray(from, to) };
        break;
      case 'checksum':
        yield { kind: 'checksum', segment, from, to };
        break;
      case 'tensor': {
        const spec = specs[segment.tensor];
        if (spec === undefined) throw new RangeError(`the layout names tensor ${segment.tensor}`);
        yield* elements(spec, segment.tensor, from, to, maxBytes);
      }
    }
  }
}
