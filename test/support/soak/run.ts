import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../random.js';
import { WireError } from '../wire.js';
import { type Act, acts as allActs, stallMs } from './acts.js';
import { type ActCount, Findings } from './findings.js';
import { Gauges, leaks } from './gauges.js';
import { flatBytes, growth, judgedSeconds, type Resident } from './memory.js';
import { mediumTables } from './tables.js';
import { Visit } from './visit.js';

/** Threads of the service that is soaked. */
export const soakedThreads = 2;

/**
 * Settings of the service that is soaked: threads, and so few blocks that responses wait for each other's; readers
 * that stop are soon cut off.
 */
export const soakedService = {
  POSENC_THREADS: String(soakedThreads),
  POSENC_BLOCK_BYTES: '262144',
  POSENC_POOL_BLOCKS: '48',
  POSENC_STALL_TIMEOUT_MS: String(stallMs),
} as const;

export interface SoakOptions {
  /** Of 127.0.0.1. */
  readonly port: number;
  readonly seed: number;
  readonly seconds: number;
  /** Ends thread number `index`, counted round those there are; tells whether there was one. */
  readonly kill?: (index: number) => Promise<boolean>;
  /** What clients do; everything by default. */
  readonly acts?: readonly Act[];
  /** Time for everything to come back when all clients have left. */
  readonly quietMs?: number;
}

export interface SoakReport {
  readonly findings: Findings;
  readonly seconds: number;
  readonly killed: number;
  readonly resident: readonly Resident[];
}

/** Time between two samples of memory. */
const sampleMs = 1000;
/** Time between two killed threads, at most: enough for one to prepare as many tables as it keeps. */
const killMs = 10_000;
/** Before a client whom nobody let in tries again. */
const patienceMs = 100;

function isErrorWithCode(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error;
}

/** A client that does one thing until the soak is over. */
async function client({ run }: Act, visit: Visit): Promise<void> {
  while (!visit.over) {
    try {
      await run(visit);
    } catch (error) {
      if (error instanceof WireError) visit.find('a body cut short', error.message);
      else if (isErrorWithCode(error)) visit.find('no connection', error.message);
      else throw error;
      await sleep(patienceMs);
    }
  }
}

/** Samples the memory of a service until the soak is over. */
async function sample(port: number, until: number, findings: Findings): Promise<Resident[]> {
  const started = performance.now();
  const samples: Resident[] = [];
  while (performance.now() < until) {
    const bytes = (await Gauges.of(port)).get('process_resident_memory_bytes');
    if (bytes > 0) samples.push({ seconds: (performance.now() - started) / 1000, bytes });
    else findings.add('no metrics', null, 'resident memory is not told');
    await sleep(sampleMs);
  }
  return samples;
}

/** Waits until everything has come back, and tells what has not. */
async function awaitQuiet(port: number, threads: number, quietMs: number): Promise<string[]> {
  const deadline = performance.now() + quietMs;
  for (;;) {
    const missing = leaks(await Gauges.of(port), threads);
    if (missing.length === 0 || performance.now() >= deadline) return missing;
    await sleep(patienceMs);
  }
}

/** Puts a service under a mixed load, comparing all that is read, and then waits until it has everything back. */
export async function runSoak({
  port,
  seed,
  seconds,
  kill,
  acts = allActs,
  quietMs = 20_000,
}: SoakOptions): Promise<SoakReport> {
  // Whoever computes reads nothing meanwhile, as a stopped reader does.
  for (const table of mediumTables) await table.whole();
  const findings = new Findings();
  const started = performance.now();
  const end = started + 1000 * seconds;
  let killed = 0;
  const killing = async (random: Random) => {
    while (kill && performance.now() < end) {
      await sleep(random.below(Math.min(killMs, 500 * seconds)));
      if (await kill(random.below(1000))) killed++;
    }
  };
  const clients = acts.flatMap((act) => Array.from({ length: act.clients }, () => act));
  const [resident] = await Promise.all([
    sample(port, end, findings),
    killing(new Random(seed, clients.length)),
    ...clients.map((act, i) => client(act, new Visit(act.name, port, new Random(seed, i), findings, end))),
  ]);
  const lasted = (performance.now() - started) / 1000;

  for (const leak of await awaitQuiet(port, kill ? soakedThreads : 0, quietMs))
    findings.add('a leak', null, leak);
  const grown = growth(resident);
  if (grown !== null && grown >= flatBytes) findings.add('memory grows', null, mebibytes(grown));
  return { findings, seconds: lasted, killed, resident };
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

/** The report in lines to read. */
export function describeSoak({ findings, seconds, killed, resident }: SoakReport): string {
  const { acts: counts, statuses, rules, told } = findings;
  const total = [...counts.values()].reduce((sum, { answers, read, compared }) => ({
    answers: sum.answers + answers,
    read: sum.read + read,
    compared: sum.compared + compared,
  }));
  const cells = (name: string, answers: string, read: string, compared: string) =>
    `  ${name.padEnd(22)}${answers.padStart(10)}${read.padStart(12)}${compared.padStart(12)}`;
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  const line = (name: string, { answers, read, compared }: ActCount) =>
    cells(name, String(answers), megabytes(read), megabytes(compared));
  const byStatus = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${count} × ${status}`);
  const course = Array.from(
    { length: 11 },
    (_, tenth) => resident[Math.floor((tenth / 10) * (resident.length - 1))],
  );
  const grown = growth(resident);
  const verdict =
    grown === null
      ? `it takes ${judgedSeconds} s to judge it`
      : `a line through the last two thirds rises by ${mebibytes(grown)}, flat is less than ${mebibytes(flatBytes)}`;
  return [
    cells('clients', 'answers', 'read', 'compared'),
    ...[...counts].map(([name, count]) => line(name, count)),
    line('all', total),
    `answers: ${byStatus.join(', ')}`,
    `${seconds.toFixed(0)} s, ${killed} threads killed`,
    `resident memory in MiB: ${course.map((one) => ((one?.bytes ?? 0) / 2 ** 20).toFixed(0)).join(' ')}`,
    `  ${verdict}`,
    ...[...rules].map(([rule, count]) => `${rule}: ${count}`),
    ...told.map(({ rule, act, detail }) => `  ${rule}${act === null ? '' : ` (${act})`}: ${detail}`),
    told.length === 0 ? 'nothing found' : 'not as it should be',
  ].join('\n');
}
