/** Resident memory at one moment of a soak. */
export interface Resident {
  readonly seconds: number;
  readonly bytes: number;
}

/** Growth that is told from noise: flat memory stays below it. */
export const flatBytes = 32 * 2 ** 20;
/** A soak that is shorter than this is warm-up: code is compiled, caches fill. */
export const judgedSeconds = 60;

/** The samples after the warm-up: the last two thirds. */
function settledPart(samples: readonly Resident[]): readonly Resident[] {
  return samples.slice(Math.ceil(samples.length / 3));
}

/** How much memory grew after the warm-up, in bytes; null where there was only warm-up. */
export function growth(samples: readonly Resident[]): number | null {
  return (samples.at(-1)?.seconds ?? 0) < judgedSeconds ? null : rise(settledPart(samples));
}

/** How much a straight line through the samples (least squares) rises from the first to the last, in bytes. */
function rise(samples: readonly Resident[]): number {
  const mean = (of: (sample: Resident) => number) =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const [t, m] = [mean(({ seconds }) => seconds), mean(({ bytes }) => bytes)];
  const above = samples.reduce((sum, { seconds, bytes }) => sum + (seconds - t) * (bytes - m), 0);
  const below = samples.reduce((sum, { seconds }) => sum + (seconds - t) ** 2, 0);
  const slope = below === 0 ? 0 : above / below;
  return slope * ((samples.at(-1)?.seconds ?? 0) - (samples[0]?.seconds ?? 0));
}
