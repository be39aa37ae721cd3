import t from 'tap';
import { encodings } from '../../src/encodings/index.js';
import { type Backend, errorOf } from '../../src/kernels/define.js';
import { gpuModes } from '../../src/kernels/gpu/engine.js';
import { probeGpu, startGpu } from '../../src/kernels/gpu/index.js';
import { jsBackend } from '../../src/kernels/index.js';
import { prepareJs } from '../../src/kernels/js/index.js';
import type { Rows } from '../../src/kernels/rows.js';
import { decode } from '../../src/kernels/self-test.js';
import { WasmEngine } from '../../src/kernels/wasm/engine.js';
import { startWasm } from '../../src/kernels/wasm/index.js';
import { Real } from '../../src/numerics/real.js';
import type { TablePlan } from '../../src/table.js';
import { type DType, dtypes } from '../../src/tensor/dtype.js';
import { elementCount } from '../../src/tensor/spec.js';
import { conformanceTables } from '../support/conformance.js';
import { fill, type KernelCase } from '../support/kernel-cases.js';
import { makePool, readAll } from '../support/threads.js';

/** A tensor of the matrix with the bytes of TypeScript. */
interface Known extends KernelCase {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Every table of the matrix with its tensors. */
const known = [...conformanceTables(encodings)].map(
  ({ encoding, query, label, files }): { table: TablePlan; tensors: Known[] } => {
    const { table } = files[0]!;
    const tensors = table.tensors.map(({ spec, plan }) => {
      const rows = plan.rows();
      const bytes = fill(prepareJs(rows, spec), spec.dtype, 0, elementCount(spec.shape));
      return { name: `${encoding.id}?${query}, ${label}: ${spec.name}`, rows, spec, bytes };
    });
    return { table, tensors };
  },
);

/** What a backend did of the matrix. */
interface Tally {
  /** Elements by kind of rows. */
  readonly elements: Partial<Record<Rows['kind'], number>>;
  readonly wrong: string[];
}

/** Half a unit in the last place of 1, and of the least numbers. */
const halfUnits: Readonly<Partial<Record<DType, readonly [number, number]>>> = {
  f64: [2 ** -53, 0],
  f32: [2 ** -24, 2 ** -150],
  c64: [2 ** -24, 2 ** -150],
};

/** How far two numbers may lie apart whose bound before scale and rounding is `error`. */
function allowed(rows: Rows, dtype: DType, error: number, value: number): number {
  const [relative, least] = halfUnits[dtype] ?? [0, 0];
  const scales =
    rows.kind === 'phase' ? [rows.phases.scale, rows.below?.phases.scale ?? Real.one] : [Real.one];
  const scale = Math.max(...scales.map((one) => Math.abs(one.toNumber())));
  // Both may have been float32 numbers before and after the scale.
  return scale * (error + 4 * 2 ** -25) + 2 * Math.max(relative * Math.abs(value), least);
}

/** Has a backend compute all that it has kernels for, whole and from within on. */
function tally(backend: Backend): Tally {
  const elements: Tally['elements'] = {};
  const wrong: string[] = [];
  for (const { name, rows, spec, bytes } of known.flatMap(({ tensors }) => tensors)) {
    const { dtype } = spec;
    const error = errorOf(backend, rows.kind, dtype);
    const filler = error === undefined ? null : backend.prepare(rows, spec);
    if (error === undefined || !filler) continue;
    const total = elementCount(spec.shape);
    const within = Math.floor(total / 3);
    const ours = fill(filler, dtype, 0, total);
    const rest = fill(filler, dtype, within, total - within);
    elements[rows.kind] = (elements[rows.kind] ?? 0) + total;
    if (!rest.equals(ours.subarray(within * dtypes[dtype].bytes))) wrong.push(`${name}, from ${within} on`);
    if (error === 0 ? ours.equals(bytes) : isWithin(error, { rows, dtype, ours, bytes })) continue;
    wrong.push(name);
  }
  return { elements, wrong };
}

function isWithin(
  error: number,
  { rows, dtype, ours, bytes }: { rows: Rows; dtype: DType; ours: Buffer; bytes: Buffer },
): boolean {
  // At addresses that any typed array can take.
  const numbers = (of: Buffer) => decode(dtype, new Uint8Array(of));
  const theirs = numbers(bytes);
  return numbers(ours).every(
    (value, i) => Math.abs(value - theirs[i]!) <= allowed(rows, dtype, error, theirs[i]!),
  );
}

t.test('WebAssembly has the bytes of every phase table, bias and map of the matrix', async (t) => {
  const { elements, wrong } = tally(await startWasm());
  t.same(wrong, []);
  const all = known.flatMap(({ tensors }) => tensors);
  for (const kind of ['phase', 'slope-distance', 'bucket'] as const) {
    const counts = all.filter(({ rows }) => rows.kind === kind).map(({ spec }) => elementCount(spec.shape));
    t.equal(
      elements[kind],
      counts.reduce((a, b) => a + b),
      kind,
    );
  }
});

for (const mode of gpuModes) {
  const reason = await probeGpu(mode).then(
    () => '',
    (error: Error) => error.message,
  );
  const name = `gpu.js ${mode} has the bytes of the matrix, or keeps its bound`;
  t.test(reason === '' ? name : `${name}: it does not work here`, { skip: reason || false }, async (t) => {
    const { elements, wrong } = tally(await startGpu(mode));
    t.same(wrong, []);
    const least = { phase: 100_000, 'slope-distance': 1000, bucket: 1000 };
    for (const [kind, count] of Object.entries(least))
      t.ok(
        (elements[kind as Rows['kind']] ?? 0) >= count,
        `${elements[kind as Rows['kind']]} elements of ${kind}`,
      );
  });
}

t.test('a backend that is off in one element of each table is found out, within a bound too', async (t) => {
  for (const maxError of [0, 1e-7]) {
    const { elements, wrong } = tally({
      ...jsBackend,
      maxError: { phase: maxError, bucket: 0 },
      prepare: (rows, spec) => ({
        fill(first, count, out) {
          prepareJs(rows, spec).fill(first, count, out);
          // The highest bits: no bound is that wide.
          const last = dtypes[spec.dtype].bytes - 1;
          if (first === 0) out[last] = out[last]! ^ 0x40;
        },
      }),
    });
    t.same(Object.keys(elements), ['phase', 'bucket']);
    const tables = known.flatMap(({ tensors }) => tensors).filter(({ rows }) => rows.kind in elements);
    t.equal(wrong.length, tables.length, `${maxError}`);
  }
});

t.test('threads compute the bytes of the matrix', async (t) => {
  const engine = await WasmEngine.start();
  const pool = makePool(t, 1, { engine });
  const blocks = Array.from({ length: 32 }, () => engine.block(2 ** 18));
  const makeBlock = (bytes: number) => {
    const block = blocks.shift()!;
    blocks.push(block);
    return block.subarray(0, bytes).fill(0xa5);
  };
  const wrong: string[] = [];
  for (const { table, tensors } of known) {
    const read = await readAll(pool, table, makeBlock);
    for (const { name, spec, bytes } of tensors) if (!read.get(spec.name)?.equals(bytes)) wrong.push(name);
  }
  t.same(wrong, [], `${known.length} tables`);
});
