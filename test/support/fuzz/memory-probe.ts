/** Loaded into a service before it starts (`--import`): tells on request what memory it holds after a collection. */

import { setTimeout as sleep } from 'node:timers/promises';

declare const gc: (() => void) | undefined;

/** What the probe answers, in bytes. */
export interface MemorySample {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

/** Pages are given back by a thread of the collector's, some time after it ran. */
const rounds = 5;
const roundMs = 200;

async function settled(collect: () => void): Promise<MemorySample> {
  let sample: MemorySample | undefined;
  for (let round = 0; round < rounds; round++) {
    collect();
    await sleep(roundMs);
    const { rss, heapUsed, external } = process.memoryUsage();
    if (!sample || rss < sample.rss) sample = { rss, heapUsed, external };
  }
  return sample ?? process.memoryUsage();
}

if (process.send && typeof gc === 'function') {
  const collect = gc;
  process.on('message', async () => {
    process.send?.(await settled(collect));
  });
}
