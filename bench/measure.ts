/** A number that was measured several times, in the order of the rounds. */
export type Samples = readonly number[];

/** The value below which the share `q` of the samples lies. At least one sample. */
export function quantile(samples: Samples, q: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}

export function median(samples: Samples): number {
  return quantile(samples, 0.5);
}

/** Something to measure: `run` does it once and tells what came out. */
export interface Subject<T = number> {
  readonly name: string;
  readonly run: () => T | Promise<T>;
}

/**
 * Measures all subjects once a round, one after the other: what disturbs the machine for a while disturbs all of
 * them, so that ratios within a round mean something where absolute numbers do not. A first round is thrown away.
 */
export async function interleave<T>(
  subjects: readonly Subject<T>[],
  rounds: number,
): Promise<ReadonlyMap<string, readonly T[]>> {
  const samples = new Map<string, T[]>(subjects.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const { name, run } of subjects) {
      const value = await run();
      if (round > 0) samples.get(name)!.push(value);
    }
  }
  return samples;
}

/**
 * Milliseconds that this process was on a processor while `work` ran, all its threads together: where others use
 * the machine too, this is what the work costs, and the clock is not.
 */
export function processorMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** a/b, round by round. */
export function ratios(a: Samples, b: Samples): Samples {
  return a.map((value, round) => value / b[round]!);
}

/** A median with its quartiles, such as `0.52 (0.44–0.55)`. */
export function spread(samples: Samples, digits = 2): string {
  const text = (value: number) => value.toFixed(digits);
  return `${text(median(samples))} (${text(quantile(samples, 0.25))}–${text(quantile(samples, 0.75))})`;
}
