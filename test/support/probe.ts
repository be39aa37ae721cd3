/**
 * Loaded into a service before it starts (`--import`): tells on request what memory it holds after a collection, and
 * ends a computing thread as an operating system might.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';

declare const gc: (() => void) | undefined;

/** What the probe is asked. */
export type Question =
  | { readonly kind: 'memory' }
  /** Ends thread number `index`, counted round those there are. */
  | { readonly kind: 'kill'; readonly index: number };

/** What the service holds after a collection, in bytes. */
export interface MemorySample {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

/** Pages are given back by a thread of the collector's, some time after it ran. */
const rounds = 5;
const roundMs = 200;

async function settled(): Promise<MemorySample> {
  if (typeof gc !== 'function') throw new Error('--expose-gc is missing');
  let sample: MemorySample | undefined;
  for (let round = 0; round < rounds; round++) {
    gc();
    await sleep(roundMs);
    const { rss, heapUsed, external } = process.memoryUsage();
    if (!sample || rss < sample.rss) sample = { rss, heapUsed, external };
  }
  return sample ?? process.memoryUsage();
}

const workers = new Set<Worker>();

/** Resolves with whether there was a thread to end. */
async function kill(index: number): Promise<boolean> {
  const worker = [...workers][index % workers.size];
  await worker?.terminate();
  return worker !== undefined;
}

// Not in the threads themselves, which load this too.
if (process.send) {
  process.on('worker', (worker) => {
    workers.add(worker);
    worker.once('exit', () => workers.delete(worker));
  });
  process.on('message', async (question: Question) => {
    process.send?.(question.kind === 'memory' ? await settled() : await kill(question.index));
  });
}
