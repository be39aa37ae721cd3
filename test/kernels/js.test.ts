import fc from 'fast-check';
import t, { type Test } from 'tap';
import { prepareJs } from '../../src/kernels/js/index.js';
import { prepareReference } from '../../src/kernels/reference.js';
import { type DType, dtypes, type FloatDType, floatDTypes } from '../../src/tensor/dtype.js';
import { elementCount } from '../../src/tensor/spec.js';
import {
  compareExactTables,
  differing,
  fill,
  type KernelCase,
  kernelCases,
} from '../support/kernel-cases.js';
import {
  alibiRequests,
  listRequests,
  ropeRequests,
  sinusoidalRequests,
  type TableRequest,
  t5Requests,
} from '../support/requests.js';

/** Elements of each slice that the reference, with its some 10,000 elements a second, is asked for. */
const slice = 40;

/** A slice of a tensor: anywhere, at its start or at its end. */
const places = fc.tuple(
  fc.constantFrom('start', 'anywhere', 'end'),
  fc.double({ min: 0, max: 1, noNaN: true }),
);

function placed([where, share]: [string, number], total: number): { first: number; count: number } {
  const count = Math.min(slice, total);
  const room = total - count;
  return { first: where === 'start' ? 0 : where === 'end' ? room : Math.floor(share * room), count };
}

/** What a property has seen: which tensors, and how many elements. */
class Seen {
  elements = 0;
  readonly dtypes = new Set<DType>();
  readonly rows = new Set<string>();

  add({ rows, spec }: KernelCase, count: number): void {
    this.elements += count;
    this.dtypes.add(spec.dtype);
    this.rows.add(
      rows.kind === 'phase' ? rows.angle : rows.kind === 'slope-distance' ? rows.rounding : rows.kind,
    );
  }
}

function likeReference(
  t: Test,
  requests: fc.Arbitrary<TableRequest>,
  options: { numRuns: number; seed: number },
): Seen {
  const seen = new Seen();
  fc.assert(
    fc.property(requests, places, ({ encoding, params }, place) => {
      for (const tensor of kernelCases(encoding, params)) {
        const { rows, spec } = tensor;
        const { first, count } = placed(place, elementCount(spec.shape));
        const ours = fill(prepareJs(rows, spec), spec.dtype, first, count);
        const want = fill(prepareReference(rows, spec), spec.dtype, first, count);
        if (differing(ours, want, spec.dtype) > 0) return false;
        seen.add(tensor, count);
      }
      return true;
    }),
    options,
  );
  t.comment(`${seen.elements} elements compared`);
  return seen;
}

t.test('the tables of mpmath come out bit for bit', async (t) => {
  const { tables, elements, wrong } = compareExactTables(prepareJs);
  t.same(wrong, []);
  t.same({ tables, elements }, { tables: 232, elements: 10108 });
});

t.test('tables of rope have the bytes of the reference in every layout, dtype and profile', async (t) => {
  const seen = likeReference(t, ropeRequests, { numRuns: 200, seed: 11 });
  t.same([...seen.dtypes].sort(), ['bf16', 'c64', 'f16', 'f32', 'f64']);
  t.same([...seen.rows].sort(), ['f32-product', 'real']);
  t.ok(seen.elements > 5_000, `${seen.elements} elements compared`);
});

t.test('tables of sinusoids have the bytes of the reference in every variant', async (t) => {
  const seen = likeReference(t, sinusoidalRequests, { numRuns: 150, seed: 12 });
  t.same([...seen.dtypes].sort(), ['bf16', 'f16', 'f32', 'f64']);
  t.same([...seen.rows].sort(), ['f32-product', 'f64-quotient', 'real']);
});

t.test('biases have the bytes of the reference in every form and rounding', async (t) => {
  const seen = likeReference(t, alibiRequests, { numRuns: 200, seed: 13 });
  t.same([...seen.dtypes].sort(), ['bf16', 'f16', 'f32', 'f64']);
  t.same([...seen.rows].sort(), ['bf16', 'f32', 'real']);
});

t.test('maps of buckets have the bytes of the reference', async (t) => {
  const seen = likeReference(t, t5Requests, { numRuns: 120, seed: 14 });
  t.same([...seen.dtypes].sort(), ['i32', 'i64']);
});

t.test('lists of slopes and frequencies have the bytes of the reference', async (t) => {
  const seen = likeReference(t, listRequests, { numRuns: 120, seed: 15 });
  t.same([...seen.rows], ['reals']);
});

/** Rows given element by element, of integers, masks, complex numbers and floats, with what is special in each. */
const elementCases: fc.Arbitrary<KernelCase> = fc
  .record({
    dtype: fc.constantFrom(...(Object.keys(dtypes) as DType[]).filter((dtype) => dtype !== 'c64')),
    rank: fc.integer({ min: 0, max: 3 }),
    sides: fc.tuple(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 60 }),
    ),
  })
  .map(({ dtype, rank, sides }) => {
    const special = [0, -0, Infinity, -Infinity, NaN, 5e-324, 65519, 65520, 1e300, 0.1];
    const wide = [0, -1, 2 ** 31, -(2 ** 31) - 1, 2 ** 32, 2 ** 53 - 1, 1 - 2 ** 53, -(2 ** 32)];
    const at = (row: number, column: number): number => {
      const n = row * 61 + column;
      if (dtype === 'bool') return n % 3 === 0 ? 0 : 1;
      if (dtype === 'i32') return (n * 2654435761) | 0;
      if (dtype === 'i64') return wide[n % 11] ?? n * 1e9;
      return special[n % 17] ?? n / 7;
    };
    return { spec: { name: 'x', shape: sides.slice(0, rank), dtype }, rows: { kind: 'elements', at } };
  });

t.test(
  'elements of every dtype have the bytes of the reference, scalars and special values too',
  async () => {
    fc.assert(
      fc.property(elementCases, ({ rows, spec }) => {
        const count = elementCount(spec.shape);
        const ours = fill(prepareJs(rows, spec), spec.dtype, 0, count);
        return ours.equals(fill(prepareReference(rows, spec), spec.dtype, 0, count));
      }),
      { numRuns: 100, seed: 16 },
    );
  },
);

/** Tensors short enough to be computed whole. */
const wholes: fc.Arbitrary<KernelCase> = fc.oneof(
  fc
    .oneof(ropeRequests, sinusoidalRequests, alibiRequests, t5Requests)
    .map(({ encoding, params }) => kernelCases(encoding, params)[0]!)
    .filter(({ spec }) => elementCount(spec.shape) < 100_000),
  elementCases,
);

t.test('any slices, asked for in any order, are the same parts of the whole', async (t) => {
  let slices = 0;
  fc.assert(
    fc.property(
      wholes,
      fc.array(
        fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
        {
          minLength: 1,
          maxLength: 8,
        },
      ),
      ({ rows, spec }, cuts) => {
        const total = elementCount(spec.shape);
        const whole = fill(prepareJs(rows, spec), spec.dtype, 0, total);
        const filler = prepareJs(rows, spec);
        const { bytes } = dtypes[spec.dtype];
        return cuts.every(([from, share]) => {
          const first = Math.min(total - 1, Math.floor(from * total));
          const count = 1 + Math.floor(share * share * (total - first - 1));
          slices++;
          return fill(filler, spec.dtype, first, count).equals(
            whole.subarray(first * bytes, (first + count) * bytes),
          );
        });
      },
    ),
    { numRuns: 160, seed: 17 },
  );
  t.ok(slices > 500, `${slices} slices`);
});

t.test('a window far out has the rows that the same positions have in a list', async () => {
  const rope = (dtype: FloatDType, profile: string, window: Record<string, unknown>): Buffer => {
    const params = { head_dim: 20, layout: 'packed', dtype, profile, ...window };
    const { rows, spec } = kernelCases('rope', params)[0]!;
    return fill(prepareJs(rows, spec), dtype, 0, elementCount(spec.shape));
  };
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - 600 }),
      fc.constantFrom(...floatDTypes),
      fc.constantFrom('transformers', 'exact'),
      (start, dtype, profile) => {
        const length = 530;
        const positions = Array.from({ length }, (_, i) => start + i);
        return rope(dtype, profile, { start, length }).equals(rope(dtype, profile, { positions: positions }));
      },
    ),
    { numRuns: 16, seed: 18 },
  );
});
