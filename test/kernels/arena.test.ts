import fc from 'fast-check';
import t from 'tap';
import { Arena, type Room } from '../../src/kernels/wasm/arena.js';

t.test('rooms that are not lost lie in the arena, each for itself, the newest always', async (t) => {
  let lost = 0;
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 4096 }), { minLength: 1, maxLength: 60 }), (sizes) => {
      const arena = new Arena(1000 * 64, 4096);
      const rooms: Room[] = [];
      return sizes.every((size) => {
        const room = arena.take(size);
        rooms.push(room);
        const alive = rooms.filter((one) => !one.lost).sort((a, b) => a.address - b.address);
        lost = Math.max(lost, rooms.length - alive.length);
        const apart = alive.every(
          (one, i) => i === 0 || alive[i - 1]!.address + alive[i - 1]!.bytes <= one.address,
        );
        const within = alive.every(
          ({ address, bytes }) => address >= 64_000 && address + bytes <= 64_000 + 4096,
        );
        return apart && within && !room.lost && room.bytes >= size && room.address % 64 === 0;
      });
    }),
    { numRuns: 300, seed: 41 },
  );
  t.ok(lost > 5, `${lost} rooms of one arena lost`);
});

t.test('the oldest rooms give way first, and none before it must', async (t) => {
  const arena = new Arena(0, 1024);
  const [a, b, c] = [arena.take(256), arena.take(256), arena.take(512)];
  t.same([a.lost, b.lost, c.lost], [false, false, false]);
  const d = arena.take(200);
  t.same([a.lost, b.lost, c.lost, d.address], [true, false, false, 0]);
  const e = arena.take(700);
  t.same([b.lost, c.lost, d.lost, e.address], [true, true, false, 256]);
  arena.take(100);
  t.same([d.lost, e.lost], [true, false]);
});

t.test('what is larger than the arena is refused', async (t) => {
  t.throws(() => new Arena(0, 1024).take(1025), RangeError);
});
