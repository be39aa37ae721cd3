import type { Backend, BackendChoice } from './define.js';
import { gpuModes, startGpu } from './gpu/index.js';
import { type BackendReport, jsBackend, Kernels } from './index.js';
import { type SelfTest, selfTest, selfTestFailure } from './self-test.js';
import { type SelfTestCase, selfTestCases } from './self-test-cases.js';
import { startWasm } from './wasm/index.js';

/** How the backends are chosen at start-up. */
export interface KernelOptions {
  /** What computes where a request does not say; `wasm` does not load gpu.js, `js` nothing at all. */
  readonly backend: BackendChoice;
}

/** One way to have a backend; starting it throws an Error with the reason where it cannot work here. */
export interface Candidate {
  readonly mode: string;
  readonly start: () => Promise<Backend>;
}

/** The backends that may be missing. */
type Optional = 'wasm' | 'gpu';

/** Ways to have each of them, the first that works is taken. */
type Candidates = Readonly<Record<Optional, readonly Candidate[]>>;

const standard: Candidates = {
  wasm: [{ mode: 'simd', start: startWasm }],
  gpu: gpuModes.map((mode) => ({ mode, start: () => startGpu(mode) })),
};

/** What is started for the operator's choice. */
const started: Readonly<Record<BackendChoice, readonly Optional[]>> = {
  auto: ['wasm', 'gpu'],
  js: [],
  wasm: ['wasm'],
  gpu: ['wasm', 'gpu'],
};

interface Outcome {
  readonly backend: Backend | null;
  readonly report: BackendReport;
}

/** Offers the first candidate that starts and passes the self-test, and tells why those before it are not taken. */
async function choose(
  name: Optional,
  candidates: readonly Candidate[],
  cases: readonly SelfTestCase[],
): Promise<Outcome> {
  const refused: string[] = [];
  let failed: Pick<BackendReport, 'device' | 'bound' | 'self_test'> = {
    device: null,
    bound: null,
    self_test: [],
  };
  for (const { mode, start } of candidates) {
    try {
      const backend = await start();
      const { device, bound } = backend;
      const tests = selfTest(backend, cases);
      const failure = selfTestFailure(tests);
      if (failure === null) return { backend, report: offered(backend, tests, refused) };
      refused.push(`${mode}: ${failure}`);
      failed = { device, bound, self_test: tests };
    } catch (error) {
      refused.push(`${mode}: ${messageOf(error)}`);
    }
  }
  return { backend: null, report: { ...unavailable(name, refused.join('; ')), ...failed } };
}

function unavailable(name: Optional, reason: string): BackendReport {
  return { name, device: null, state: 'unavailable', reason, bound: null, self_test: [] };
}

function offered(
  { name, device, bound, maxError }: Backend,
  self_test: readonly SelfTest[],
  refused: readonly string[],
): BackendReport {
  const own = Object.entries(maxError).flatMap(([kind, error]) => (error > 0 ? [kind] : []));
  const limits = own.length > 0 ? [`computes ${own.join(', ')} tables only when asked for`] : [];
  const reasons = [...limits, ...refused];
  return {
    name,
    device,
    state: 'offered',
    reason: reasons.length > 0 ? reasons.join('; ') : null,
    bound,
    self_test,
  };
}

/**
 * Starts the backends of a process: each is compared with the reference kernel, and one that fails is not offered.
 * Takes some 500 ms. Throws where the TypeScript kernels fail, for then nothing here is right; that another
 * cannot work is no error.
 */
export async function startKernels(
  { backend }: KernelOptions,
  candidates: Partial<Candidates> = {},
): Promise<Kernels> {
  const cases = selfTestCases();
  const tests = selfTest(jsBackend, cases);
  const failure = selfTestFailure(tests);
  if (failure !== null) throw new Error(`the TypeScript kernels fail their self-test: ${failure}`);
  const outcome = (name: Optional): Outcome | Promise<Outcome> =>
    started[backend].includes(name)
      ? choose(name, candidates[name] ?? standard[name], cases)
      : { backend: null, report: unavailable(name, `the operator chose ${backend}`) };
  const wasm = await outcome('wasm');
  const gpu = await outcome('gpu');
  const offers = [wasm.backend, jsBackend, gpu.backend].filter((offer) => offer !== null);
  return new Kernels(offers, [offered(jsBackend, tests, []), wasm.report, gpu.report]);
}

/** The kernels that are there at once, without a self-test: for a process that computes one table. */
export async function startQuickly(): Promise<Kernels> {
  try {
    return new Kernels([await startWasm(), jsBackend], []);
  } catch (error) {
    return new Kernels([jsBackend], [unavailable('wasm', messageOf(error))]);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
