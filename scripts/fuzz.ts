import { fillCaches } from '../test/support/fill-caches.js';
import { type ApiDocument, operationsOf } from '../test/support/fuzz/operations.js';
import { describeFinding, type FuzzReport, runFuzz } from '../test/support/fuzz/run.js';
import { fuzzedService } from '../test/support/fuzz/service.js';
import { memoryOf, startService } from '../test/support/service-process.js';
import { numbers, someSeed } from './options.js';

/** Requests after which all code has run and is compiled. */
const warmUpRequests = 10_000;
/** Resident memory may grow by less than this after the warm-up. */
const growthBytes = 32 * 2 ** 20;

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

function add(into: Map<number, number>, more: ReadonlyMap<number, number>): void {
  for (const [key, count] of more) into.set(key, (into.get(key) ?? 0) + count);
}

/** Runs the fuzz against a service of its own; returns the findings as text. */
async function main(): Promise<string[]> {
  const { requests, seed } = numbers({ requests: 100_000, seed: someSeed() });
  console.log(`npm run fuzz -- --requests ${requests} --seed ${seed}`);
  const service = await startService(fuzzedService, undefined, true);
  const { child, port, exited } = service;
  const findings: string[] = [];
  const statuses = new Map<number, number>();
  try {
    const get = async (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
    const operations = operationsOf((await (await get('/openapi.json')).json()) as ApiDocument);
    const run = async (first: number, count: number): Promise<void> => {
      const report: FuzzReport = await runFuzz({ port, operations, seed, first, count });
      add(statuses, report.statuses);
      findings.push(...report.findings.map(describeFinding));
    };

    const warmUp = Math.min(warmUpRequests, Math.floor(requests / 2));
    await run(0, warmUp);
    await fillCaches(port);
    const before = await memoryOf(service);
    const started = performance.now();
    await run(warmUp, requests - warmUp);
    const seconds = (performance.now() - started) / 1000;
    const after = await memoryOf(service);

    console.log(`${operations.length} operations, ${((requests - warmUp) / seconds).toFixed(0)} requests/s`);
    for (const [status, count] of [...statuses].sort(([a], [b]) => a - b)) {
      console.log(`  ${status}  ${String(count).padStart(8)}`);
    }
    console.log(
      `resident after ${warmUp} requests: ${mebibytes(before.rss)}, heap ${mebibytes(before.heapUsed)}`,
    );
    console.log(
      `resident after ${requests} requests: ${mebibytes(after.rss)}, heap ${mebibytes(after.heapUsed)}`,
    );
    const growth = after.rss - before.rss;
    if (growth >= growthBytes)
      findings.push(`resident memory grew by ${mebibytes(growth)} after the warm-up`);
    const { status } = await get('/readyz');
    console.log(`the service still answers: ${status}`);
    if (status !== 200) findings.push(`/readyz answers ${status}`);
  } finally {
    child.kill('SIGTERM');
  }
  const [code] = await exited;
  if (code !== 0) findings.push(`the service ended with status ${code}`);
  return findings;
}

const findings = await main();
for (const finding of findings) console.error(`\n${finding}`);
console.log(findings.length === 0 ? 'nothing found' : `${findings.length} findings`);
process.exitCode = findings.length === 0 ? 0 : 1;
