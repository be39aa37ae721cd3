import { crc32 } from 'node:zlib';
import t from 'tap';
import { Checksums } from '../src/checksums.js';

const data = Uint8Array.from({ length: 100 }, (_, i) => 7 * i);

/** Passes bytes first … end − 1 of the data to a reader, `step` at a time. */
function pass(checksums: Checksums, first: number, end: number, step: number): void {
  for (let at = first; at < end; at += step) {
    const count = Math.min(step, end - at);
    checksums.observe(0, at, count, data.length, data.subarray(at, at + count));
  }
}

t.test('a checksum is known when all data has passed one reader in order', async (t) => {
  for (const step of [1, 7, 100]) {
    const checksums = new Checksums();
    pass(checksums, 0, 50, step);
    t.equal(checksums.has(0), false);
    t.throws(() => checksums.get(0), /checksum of tensor 0 is not known/);
    pass(checksums, 50, 100, step);
    t.equal(checksums.get(0), crc32(data), `${step} at a time`);
  }
  const astray = new Checksums();
  pass(astray, 20, 100, 10);
  t.equal(astray.has(0), false, 'not from the first element on');
});

t.test('readers share what is known, and nothing of the way there', async (t) => {
  const known = new Map<number, number>();
  const [left, slow, other] = [new Checksums(known), new Checksums(known), new Checksums(known)];
  pass(left, 0, 33, 33);
  pass(slow, 0, 40, 8);
  pass(other, 0, 100, 25);
  for (const checksums of [left, slow, other]) t.equal(checksums.get(0), crc32(data));
  pass(slow, 40, 100, 8);
  t.equal(slow.get(0), crc32(data));
  t.equal(new Checksums().has(0), false);
});
