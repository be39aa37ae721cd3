import { createHash } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { catalogueLimits } from '../../src/limits.js';
import { goldenCases } from '../support/golden-cases.js';
import { compute, type Params, plan, tensor } from '../support/tables.js';

function buckets(params: Params): Int32Array {
  return new Int32Array(tensor('t5-buckets', { ...params, dtype: 'i32' }, 'buckets').bytes.buffer);
}

/** Buckets of the relative positions from `min` to `max`. */
function span(min: number, max: number, params: Params): Int32Array {
  return buckets({ ...params, relative_position_min: min, relative_position_max: max });
}

function hash(params: Params): string {
  return createHash('sha256')
    .update(tensor('t5-buckets', params, 'buckets').bytes)
    .digest('hex')
    .slice(0, 16);
}

t.test('buckets have the values of transformers in every golden case', async (t) => {
  let [elements, differing] = [0, 0];
  const cases = goldenCases('t5-buckets');
  for (const { id, params, tensor: golden } of cases) {
    const want = golden('buckets');
    const got = tensor('t5-buckets', { ...params, dtype: 'i32' }, 'buckets');
    t.same(got.spec.shape, want.shape, `${id}: shape`);
    const [x, y] = [Buffer.from(got.bytes), want.bytes];
    for (let at = 0; at < y.length; at += 4, elements++)
      if (x.readInt32LE(at) !== y.readInt32LE(at)) differing++;
  }
  t.equal(cases.length, 10, 'cases compared');
  t.same({ elements, differing }, { elements: 24010, differing: 0 });
});

t.test('matrices of 1024 × 1024 have the hashes of transformers, as i64 and as i32', async (t) => {
  const square = { query_length: 1024, key_length: 1024 };
  for (const [num_buckets, max_distance, bidirectional, i64, i32] of [
    [32, 128, true, 'a229abdb046f0244', '2e6ccbcd20819c0a'],
    [32, 128, false, '7cece1517188ab1a', 'f88360ae68055751'],
    [320, 800, true, '142609ee2e87577f', 'df406edca1270ec2'],
    [320, 800, false, '7b94217f69fe4922', '8fadfc507cff0623'],
  ] as const) {
    const params = { ...square, num_buckets, max_distance, bidirectional };
    const name = `${num_buckets} buckets to ${max_distance}, ${bidirectional ? 'both ways' : 'one way'}`;
    t.equal(hash(params), i64, `${name}, i64`);
    t.equal(hash({ ...params, dtype: 'i32' }), i32, `${name}, i32`);
  }
});

/** Buckets of one direction as the paper defines them, in whole numbers: no logarithm is taken. */
function bucketByDefinition(distance: number, count: number, maxDistance: number): number {
  const exact = Math.floor(count / 2);
  if (distance < exact) return distance;
  if (distance >= maxDistance) return count - 1;
  // The greatest k with (distance / exact)^steps ≥ (maxDistance / exact)^k.
  const steps = count - exact;
  const left = BigInt(distance) ** BigInt(steps);
  let k = 0;
  while (
    k + 1 < steps &&
    left * BigInt(exact) ** BigInt(k + 1) >=
      BigInt(maxDistance) ** BigInt(k + 1) * BigInt(exact) ** BigInt(steps)
  )
    k++;
  return exact + k;
}

/** Parameters within the domain, with the number of buckets of one direction. */
const parameters = fc
  .record({ direction: fc.integer({ min: 2, max: 48 }), odd: fc.boolean(), bidirectional: fc.boolean() })
  .chain(({ direction, odd, bidirectional }) =>
    fc.integer({ min: Math.floor(direction / 2) + 1, max: 500 }).map((max_distance) => ({
      direction,
      params: {
        // An odd number of buckets leaves the last one unused.
        num_buckets: bidirectional ? 2 * direction + Number(odd) : direction,
        max_distance,
        bidirectional,
      },
    })),
  );

t.test('every bucket is the one that whole-number arithmetic gives', async (t) => {
  let compared = 0;
  fc.assert(
    fc.property(parameters, ({ direction, params }) => {
      const reach = params.max_distance + 3;
      const got = span(-reach, reach, params);
      for (let relative = -reach; relative <= reach; relative++, compared++) {
        const ahead = relative > 0;
        const distance = ahead && !params.bidirectional ? 0 : Math.abs(relative);
        const want =
          bucketByDefinition(distance, direction, params.max_distance) +
          (ahead && params.bidirectional ? direction : 0);
        if (got[relative + reach] !== want) return false;
      }
      return true;
    }),
    { numRuns: 150, seed: 1 },
  );
  t.ok(compared > 40_000, `${compared} buckets compared`);
});

t.test('a power that meets a whole distance begins its bucket there', async (t) => {
  // exact 8, steps 8, 128/8 = 2^4: bucket 8 + 2k begins at 8 · 2^k.
  const got = span(-128, 0, { bidirectional: false, num_buckets: 16 });
  for (let k = 0; k <= 3; k++) {
    t.equal(got[128 - 8 * 2 ** k], 8 + 2 * k, `distance ${8 * 2 ** k}`);
    t.equal(got[128 - 8 * 2 ** k + 1], 7 + 2 * k, `distance ${8 * 2 ** k - 1}`);
  }
});

t.test('with both directions keys after the query have the upper half, at the same distances', async () => {
  fc.assert(
    fc.property(parameters, ({ direction, params }) => {
      const reach = params.max_distance + 3;
      const both = span(-reach, reach, { ...params, bidirectional: true, num_buckets: 2 * direction });
      const one = span(-reach, reach, { ...params, bidirectional: false, num_buckets: direction });
      return both.every((bucket, i) => {
        const mirrored = one[i < reach ? i : 2 * reach - i]!;
        return bucket === mirrored + (i > reach ? direction : 0) && (i <= reach || one[i] === 0);
      });
    }),
    { numRuns: 60, seed: 2 },
  );
});

t.test('buckets never fall with the distance and reach the last one at max_distance', async () => {
  fc.assert(
    fc.property(parameters, ({ direction, params }) => {
      const one = span(-params.max_distance, 0, { ...params, bidirectional: false, num_buckets: direction });
      const rising = one.reverse().every((bucket, n) => n === 0 || bucket >= one[n - 1]!);
      return rising && one[0] === 0 && one[params.max_distance] === direction - 1;
    }),
    { numRuns: 60, seed: 3 },
  );
});

t.test('however far a position is, it has the last bucket of its direction', async (t) => {
  const far = catalogueLimits.relative_position;
  for (const [num_buckets, max_distance] of [
    [32, 128],
    [32, 17],
    [4, 3],
    [33, 1000],
    [8192, 2 ** 20],
  ] as const) {
    const half = Math.floor(num_buckets / 2);
    for (const distance of [max_distance, max_distance + 1, 2 ** 31, 2 ** 32 + 1, far - 2]) {
      const both = { num_buckets, max_distance };
      const name = `${num_buckets} buckets to ${max_distance}, distance ${distance}`;
      t.same([...span(-distance - 2, -distance, both)], [half - 1, half - 1, half - 1], name);
      t.same([...span(distance, distance + 2, both)], Array(3).fill(2 * half - 1), `${name} ahead`);
      const one = { ...both, bidirectional: false };
      t.same([...span(-distance - 2, -distance, one)], Array(3).fill(num_buckets - 1), `${name}, one way`);
      t.same([...span(distance, distance + 2, one)], [0, 0, 0], `${name} ahead, one way`);
    }
  }
});

t.test('the smallest max_distance leaves one distance between the near and the last', async (t) => {
  const got = [...span(-11, 0, { num_buckets: 32, max_distance: 9 })];
  t.same(got.reverse(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 15, 15]);
  t.same([...span(-3, 3, { num_buckets: 4, max_distance: 2 })], [1, 1, 1, 0, 3, 3, 3]);
  t.same([...span(-3, 1, { num_buckets: 2, max_distance: 2, bidirectional: false })], [1, 1, 1, 0, 0]);
  t.throws(() => span(0, 1, { num_buckets: 32, max_distance: 8 }), {
    errors: [{ pointer: '#/max_distance' }],
  });
  t.throws(() => span(0, 1, { num_buckets: 3 }), { errors: [{ pointer: '#/num_buckets' }] });
});

t.test('the largest numbers of buckets and distances keep every near distance apart', async (t) => {
  const one = { num_buckets: 8192, max_distance: catalogueLimits.max_distance, bidirectional: false };
  const near = span(-4096, 0, one).reverse();
  t.ok(
    near.every((bucket, n) => bucket === n),
    'distances 0 to 4096',
  );
  const farthest = span(-catalogueLimits.max_distance, -catalogueLimits.max_distance + 1, one);
  t.same([...farthest], [8191, 8191]);
});

const rectangles = fc.record({
  query_length: fc.integer({ min: 1, max: 40 }),
  key_length: fc.integer({ min: 1, max: 40 }),
  query_offset: fc.oneof(fc.integer({ min: -60, max: 300 }), fc.integer({ min: -(2 ** 51), max: 2 ** 51 })),
});

t.test('i64 and i32 hold the same buckets', async () => {
  fc.assert(
    fc.property(parameters, rectangles, ({ params }, rectangle) => {
      const all = { ...params, ...rectangle };
      const wide = new BigInt64Array(tensor('t5-buckets', all, 'buckets').bytes.buffer);
      return buckets(all).every((bucket, i) => wide[i] === BigInt(bucket));
    }),
    { numRuns: 60, seed: 4 },
  );
  t.equal(plan('t5-buckets', { key_length: 2, query_length: 2 }).table.tensors[0]?.spec.dtype, 'i64');
});

t.test('a matrix holds the span of key − query, the first query at query_offset', async () => {
  fc.assert(
    fc.property(parameters, rectangles, ({ params }, rectangle) => {
      const { query_length, key_length, query_offset } = rectangle;
      const min = -query_offset - query_length + 1;
      const relative = span(min, key_length - 1 - query_offset, params);
      return buckets({ ...params, ...rectangle }).every((bucket, i) => {
        const query = Math.floor(i / key_length) + query_offset;
        return bucket === relative[(i % key_length) - query - min];
      });
    }),
    { numRuns: 60, seed: 5 },
  );
});

t.test('a window of the queries has the rows of the whole', async () => {
  fc.assert(
    fc.property(
      parameters,
      rectangles,
      fc.nat({ max: 39 }),
      fc.nat({ max: 39 }),
      ({ params }, rectangle, a, b) => {
        const { query_length, key_length, query_offset } = rectangle;
        const first = a % query_length;
        const count = 1 + (b % (query_length - first));
        const whole = buckets({ ...params, ...rectangle });
        const part = buckets({
          ...params,
          key_length,
          query_length: count,
          query_offset: query_offset + first,
        });
        return part.every((bucket, i) => bucket === whole[first * key_length + i]);
      },
    ),
    { numRuns: 60, seed: 6 },
  );
});

t.test('supplied weights give the bias of each head at each bucket', async (t) => {
  const params = { num_buckets: 4, max_distance: 3, query_length: 3, key_length: 5, query_offset: 1 };
  const weights = [
    [0.5, -1],
    [1.5, -2],
    [2.5, -3],
    [3.5, -4],
  ];
  const table = compute('t5-buckets', { ...params, weights });
  const bias = table.get('bias');
  t.same([...table.keys()], ['buckets', 'bias']);
  t.same(bias?.spec.shape, [2, 3, 5]);
  const map = [...buckets(params)];
  t.same(
    [...new Float32Array(bias?.bytes.buffer ?? new ArrayBuffer(0))],
    [0, 1].flatMap((head) => map.map((bucket) => weights[bucket]?.[head])),
  );
});
