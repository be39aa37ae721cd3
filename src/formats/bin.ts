import { byteLength } from '../tensor/spec.js';
import type { BinaryFormat } from './define.js';
import { onlyTensor } from './single.js';

/** The elements alone: little-endian, row-major, without a header. */
export const bin: BinaryFormat = {
  kind: 'binary',
  name: 'bin',
  extension: 'bin',
  mediaType: 'application/octet-stream',
  revision: '1',
  single: true,
  refuses: () => null,
  layout: ({ specs }) => {
    const data = byteLength(onlyTensor(specs));
    return { byteLength: data, segments: [{ kind: 'tensor', tensor: 0, byteLength: data }] };
  },
};
