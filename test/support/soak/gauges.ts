/** What `/metrics` tells of a service, by name. */
export class Gauges {
  private constructor(private readonly text: string) {}

  /** Those of a service on 127.0.0.1; without any where it does not answer. */
  static async of(port: number): Promise<Gauges> {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => null);
    return new Gauges(response?.status === 200 ? await response.text() : '');
  }

  /** NaN for what is not told. */
  get(name: string): number {
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(this.text)?.[1]);
  }
}

/** What a service with so many threads has in use beyond what telling it takes, each as a sentence. */
export function leaks(gauges: Gauges, threads: number): string[] {
  const quiet = {
    posenc_http_requests_running: 1,
    posenc_streams: 0,
    posenc_streams_queued: 0,
    posenc_elements_in_flight: 0,
    posenc_bytes_in_flight: 0,
    posenc_pool_blocks_leased: 0,
    ...(threads > 0 && { posenc_thread_jobs: 0, posenc_threads: threads }),
  };
  return Object.entries(quiet)
    .filter(([name, value]) => gauges.get(name) !== value)
    .map(([name, value]) => `${name} is ${gauges.get(name)} and not ${value}`);
}
