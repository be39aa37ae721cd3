import { createInterface } from 'node:readline';
import { cutEvery } from '../src/formats/chunks.js';
import { jsBackend, Kernels } from '../src/kernels/index.js';
import { BlockPool } from '../src/kernels/pool.js';
import { startWasm } from '../src/kernels/wasm/index.js';
import { noLimits } from '../src/table.js';
import { Tables } from '../src/tables.js';
import { dtypes } from '../src/tensor/dtype.js';
import { elementCount } from '../src/tensor/spec.js';
import { ThreadPool } from '../src/threads/pool.js';
import { blockBytes, plan } from './tables.js';

/**
 * Computes a rope table with this service's engine, once for every line on standard input (`f32 1`: dtype and
 * threads), and answers with the milliseconds of the clock. One thread is this one; more are those of the service,
 * with four blocks under way.
 */
const backend = await startWasm();
const tables = new Tables(new Kernels([backend, jsBackend], []), noLimits, false);
const pools = new Map<number, ThreadPool>();
const never = new AbortController().signal;
const blocks = new BlockPool(
  blockBytes,
  4,
  0,
  (bytes) => backend.engine?.block(bytes) ?? new Uint8Array(bytes),
);

/** A table of its own each time: nothing may be left over from the one before. */
let turn = 0;

async function compute(dtype: string, threads: number): Promise<void> {
  const table = plan(
    'rope',
    `head_dim=128&length=131072&layout=packed&dtype=${dtype}&rope_theta=${10_000 + turn++}`,
  );
  let pool = pools.get(threads);
  if (!pool && threads > 1) {
    pool = new ThreadPool(threads, { engine: backend.engine });
    pools.set(threads, pool);
  }
  const read = tables.reader(table);
  const reader = pool?.open(table, read);
  const { spec } = table.tensors[0]!;
  const count = elementCount(spec.shape);
  const step = cutEvery(spec, Math.floor(blockBytes / dtypes[spec.dtype].bytes));
  const under: Promise<void>[] = [];
  for (let first = 0; first < count; first += step) {
    const elements = Math.min(step, count - first);
    const block = await blocks.lease(never);
    if (!reader) {
      read(0, first, elements, block);
      blocks.release(block);
    } else {
      under.push(reader.read(0, first, elements, block).finally(() => blocks.release(block)));
    }
  }
  await Promise.all(under);
  reader?.close();
}

console.log(`posenc, ${backend.device}`);
for await (const line of createInterface({ input: process.stdin })) {
  const [dtype = '', threads] = line.split(' ');
  const started = performance.now();
  await compute(dtype, Number(threads));
  console.log(performance.now() - started);
}
for (const pool of pools.values()) await pool.close();
