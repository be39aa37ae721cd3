import { parentPort, workerData } from 'node:worker_threads';
import { encodings } from '../encodings/index.js';
import type { ReadElements } from '../formats/define.js';
import { jsBackend, Kernels } from '../kernels/index.js';
import { WasmEngine } from '../kernels/wasm/engine.js';
import { wasmOn } from '../kernels/wasm/index.js';
import { noLimits, planTable } from '../table.js';
import { Tables } from '../tables.js';
import type { FromThread, ThreadData, ToThread } from './messages.js';

// The main thread has refused what is too large.
const { share }: ThreadData = workerData;
const engine = share && new WasmEngine(share);
const kernels = new Kernels(engine ? [wasmOn(engine), jsBackend] : [jsBackend], []);
const tables = new Tables(kernels, noLimits, false);
const open = new Map<number, ReadElements>();

function answer(message: FromThread): void {
  parentPort?.postMessage(message);
}

function openTable({ table, encoding: id, params, backend }: ToThread & { kind: 'open' }): void {
  const encoding = encodings.find((candidate) => candidate.id === id);
  if (!encoding) return;
  const values = backend ? { ...params, backend } : params;
  open.set(table, tables.reader(planTable(encoding, { values, errors: [] }, noLimits)));
}

function fill({ job, table, tensor, first, count, block }: ToThread & { kind: 'fill' }): void {
  const read = open.get(table);
  if (!read) throw new Error(`table ${table} is not open`);
  const target = block instanceof Uint8Array ? block : engine?.view(block.address, block.bytes);
  if (!target) throw new Error('the block is in a memory that this thread does not share');
  read(tensor, first, count, target);
  answer({ kind: 'done', job });
}

parentPort?.on('message', (message: ToThread) => {
  try {
    if (message.kind === 'open') openTable(message);
    else if (message.kind === 'close') open.delete(message.table);
    else fill(message);
  } catch (error) {
    // A table that could not be opened shows at its first job.
    if (message.kind === 'fill') answer({ kind: 'failed', job: message.job, message: String(error) });
  }
});
answer({ kind: 'ready' });
