import type { Backend, BackendChoice } from './define.js';
import { gpuModes, startGpu } from './gpu/index.js';
import { type BackendReport, jsBackend, Kernels } from './index.js';
import { type SelfTest, selfTest, selfTestFailure } from './self-test.js';
import { type SelfTestCase, selfTestCases } from './self-test-cases.js';

/** How the backends are chosen at start-up. */
export interface KernelOptions {
  /** What computes where a request does not say; with `js`, gpu.js is not even loaded. */
  readonly backend: BackendChoice;
}

/** One way to have a gpu backend; starting it throws an Error with the reason where it cannot work here. */
export interface GpuCandidate {
  readonly mode: string;
  readonly start: () => Promise<Backend>;
}

const gpuCandidates: readonly GpuCandidate[] = gpuModes.map((mode) => ({
  mode,
  start: () => startGpu(mode),
}));

interface Outcome {
  readonly backend: Backend | null;
  readonly report: BackendReport;
}

/** Offers the first candidate that starts and passes the self-test, and tells why those before it are not taken. */
async function chooseGpu(
  candidates: readonly GpuCandidate[],
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
      refused.push(`${mode}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return {
    backend: null,
    report: { name: 'gpu', ...failed, state: 'unavailable', reason: refused.join('; ') },
  };
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
 * Takes some 400 ms. Throws where the TypeScript kernels fail, for then nothing here is right; that gpu.js
 * cannot work is no error.
 */
export async function startKernels({ backend }: KernelOptions, candidates = gpuCandidates): Promise<Kernels> {
  const cases = selfTestCases();
  const tests = selfTest(jsBackend, cases);
  const failure = selfTestFailure(tests);
  if (failure !== null) throw new Error(`the TypeScript kernels fail their self-test: ${failure}`);
  const js = offered(jsBackend, tests, []);
  if (backend === 'js') {
    const gpu: BackendReport = {
      name: 'gpu',
      device: null,
      state: 'unavailable',
      reason: 'the operator chose js',
      bound: null,
      self_test: [],
    };
    return new Kernels([jsBackend], [js, gpu]);
  }
  const gpu = await chooseGpu(candidates, cases);
  return new Kernels(gpu.backend ? [jsBackend, gpu.backend] : [jsBackend], [js, gpu.report]);
}
