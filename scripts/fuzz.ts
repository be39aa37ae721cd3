import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { MemorySample } from '../test/support/fuzz/memory-probe.js';
import { type ApiDocument, operationsOf } from '../test/support/fuzz/operations.js';
import { describeFinding, type FuzzReport, runFuzz } from '../test/support/fuzz/run.js';
import { fuzzedService } from '../test/support/fuzz/service.js';
import { Wire } from '../test/support/wire.js';

/** Requests after which all code has run and is compiled. */
const warmUpRequests = 10_000;
/** More tables than the service keeps anything of: a few large bodies and prepared tensors, then many small bodies. */
const largeTables = 2500;
const smallTables = 10_000;
/** Resident memory may grow by less than this after the warm-up. */
const growthBytes = 32 * 2 ** 20;

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** `--requests` and `--seed`: whole numbers. */
function options(): { requests: number; seed: number } {
  const { values } = parseArgs({ options: { requests: { type: 'string' }, seed: { type: 'string' } } });
  const whole = (name: 'requests' | 'seed', fallback: number) => {
    const text = values[name] ?? String(fallback);
    if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} takes a whole number`);
    return Number(text);
  };
  return { requests: whole('requests', 100_000), seed: whole('seed', Date.now() % 1_000_000_000) };
}

/** Starts `posenc serve` in a process of its own, and resolves with its URL. */
async function startService(): Promise<{ child: ChildProcess; port: number }> {
  const local = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  const child = fork(local('../src/cli.js'), ['serve', '--port', '0', '--log-format', 'json'], {
    env: { PATH: process.env.PATH, ...fuzzedService },
    execArgv: [
      '--expose-gc',
      '--import',
      new URL('../test/support/fuzz/memory-probe.js', import.meta.url).href,
    ],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  let log = '';
  while (!log.includes('posenc is up')) {
    const [text] = await once(child.stdout ?? child, 'data');
    log += String(text);
  }
  child.stdout?.resume();
  return { child, port: Number(/"url":"http:\/\/127\.0\.0\.1:(\d+)/.exec(log)?.[1]) };
}

/** Fills every cache of the service: what grows from there on grows for ever. */
async function fillCaches(port: number): Promise<void> {
  const wire = await Wire.open(port);
  for (let i = 0; i < largeTables + smallTables; i++) {
    const path =
      i < largeTables
        ? `/v1/tables/rope.bin?head_dim=128&start=${i}&length=120&tensors=cos`
        : `/v1/tables/rope-frequencies.json?head_dim=4&rope_theta=${i}`;
    wire.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const { status } = await wire.answer();
    if (status !== 200) throw new Error(`${path} answers ${status}`);
  }
  wire.close();
}

/** What the service holds, after a collection. */
async function memory(child: ChildProcess): Promise<MemorySample> {
  child.send('sample');
  const [sample] = await once(child, 'message');
  return sample;
}

function add(into: Map<number, number>, more: ReadonlyMap<number, number>): void {
  for (const [key, count] of more) into.set(key, (into.get(key) ?? 0) + count);
}

/** Runs the fuzz against a service of its own; returns the findings as text. */
async function main(): Promise<string[]> {
  const { requests, seed } = options();
  console.log(`npm run fuzz -- --requests ${requests} --seed ${seed}`);
  const { child, port } = await startService();
  const exited = once(child, 'exit');
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
    const before = await memory(child);
    const started = performance.now();
    await run(warmUp, requests - warmUp);
    const seconds = (performance.now() - started) / 1000;
    const after = await memory(child);

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
