import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { combineCrc32 } from '../../src/formats/crc32.js';

t.test('the CRC of joined bytes follows from the CRC of each part', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (a, b) => {
      return combineCrc32(crc32(a), crc32(b), b.length) === crc32(Buffer.concat([a, b]));
    }),
    { numRuns: 500 },
  );
});

t.test('the fold over pieces starts from 0 and may end in nothing', async (t) => {
  const bytes = Buffer.from('position encodings');
  t.equal(combineCrc32(0, crc32(bytes), bytes.length), crc32(bytes));
  t.equal(combineCrc32(crc32(bytes), 0, 0), crc32(bytes));
});

t.test('lengths beyond 2^32 are combined by doubling as by one step', async (t) => {
  // CRC of 2^k times the same block, by joining halves; then the last joint again with a sum of lengths.
  let crc = crc32(Buffer.alloc(4096, 7));
  const crcs = [crc];
  for (let length = 4096; length < 2 ** 50; length *= 2) {
    crc = combineCrc32(crc, crc, length);
    crcs.push(crc);
  }
  t.equal(crcs.length, 39);
  for (let k = 2; k < crcs.length; k++) {
    const quarter = 4096 * 2 ** (k - 2);
    const threeQuarters = combineCrc32(crcs[k - 1]!, crcs[k - 2]!, quarter);
    t.equal(combineCrc32(crcs[k - 2]!, threeQuarters, 3 * quarter), crcs[k]!, `2^${k + 12} bytes`);
  }
});
