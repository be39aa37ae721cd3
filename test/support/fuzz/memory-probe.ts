/** Loaded into a service before it starts (`--import`): tells on request what memory it holds after a collection. */

declare const gc: (() => void) | undefined;

/** What the probe answers, in bytes. */
export interface MemorySample {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

if (process.send && typeof gc === 'function') {
  const collect = gc;
  process.on('message', () => {
    // The second run frees what the finalizers of the first let go.
    collect();
    setImmediate(() => {
      collect();
      const { rss, heapUsed, external } = process.memoryUsage();
      process.send?.({ rss, heapUsed, external } satisfies MemorySample);
    });
  });
}
