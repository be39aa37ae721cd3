import type { Backend, BackendChoice } from './define.js';
import { gpuModes } from './gpu/engine.js';
import { probeGpu, startGpu } from './gpu/index.js';
import { type Renderer, whyNoGpu } from './gpu/renderer.js';
import { type BackendReport, jsBackend, Kernels, type ModeReport } from './index.js';
import { outliving } from './outliving.js';
import { selfTest, selfTestFailure } from './self-test.js';
import { type SelfTestCase, selfTestCases } from './self-test-cases.js';
import { startWasm } from './wasm/index.js';

/** How the backends are chosen at start-up. */
export interface KernelOptions {
  /** What computes where a request does not say; `wasm` does not load gpu.js, `js` nothing at all. */
  readonly backend: BackendChoice;
  /** Told when a backend that was offered fails and TypeScript computes in its place. */
  readonly onFailure?: (backend: Backend, reason: string) => void;
}

/** One way to have a backend; both promises are rejected with the reason where it cannot work here. */
export interface Candidate {
  readonly mode: string;
  /** What would compute, null where no driver is asked; runs beside the probes of the others. */
  readonly probe?: () => Promise<Renderer | null>;
  readonly start: () => Promise<Backend>;
}

/** The backends that may be missing. */
type Optional = 'wasm' | 'gpu';

/** Ways to have each of them, the first that works is taken. */
type Candidates = Readonly<Record<Optional, readonly Candidate[]>>;

const standard: Candidates = {
  wasm: [{ mode: 'simd', start: startWasm }],
  gpu: gpuModes.map((mode) => ({
    mode,
    probe: () => probeGpu(mode),
    start: () => startGpu(mode),
  })),
};

/** What is started for the operator's choice. */
const started: Readonly<Record<BackendChoice, readonly Optional[]>> = {
  auto: ['wasm', 'gpu'],
  js: [],
  wasm: ['wasm'],
  gpu: ['wasm', 'gpu'],
};

/** A candidate whose probe is under way. */
interface Probed extends Candidate {
  readonly found: Promise<Renderer | null | Error>;
}

/** Probes all candidates at once. */
function probeAll(candidates: readonly Candidate[]): Probed[] {
  return candidates.map((candidate) => ({
    ...candidate,
    // An error is a result: nobody may be there yet to catch it.
    found: (candidate.probe?.() ?? Promise.resolve(null)).catch((error) => new Error(messageOf(error))),
  }));
}

const nothing: ModeReport = {
  mode: null,
  device: null,
  renderer: null,
  state: 'unavailable',
  reason: null,
  bound: null,
  self_test: [],
};

interface Trial {
  readonly backend: Backend | null;
  readonly report: ModeReport;
}

/**
 * Tries one way. It is offered where it starts, passes the self-test and nothing speaks against it; `taken` is the
 * way that is offered already. What is not going to be offered is not measured, unless `all` is.
 */
async function attempt(
  { mode, found, start }: Probed,
  cases: readonly SelfTestCase[],
  taken: string | null,
  all: boolean,
): Promise<Trial> {
  const renderer = await found;
  if (renderer instanceof Error)
    return { backend: null, report: { ...nothing, mode, reason: renderer.message } };
  const against =
    (renderer && whyNoGpu(renderer)) ?? (taken === null ? null : `${taken} is offered in its place`);
  const known = { ...nothing, mode, renderer };
  if (against !== null && !all)
    return { backend: null, report: { ...known, state: 'unused', reason: against } };
  try {
    const backend = await start();
    const self_test = selfTest(backend, cases);
    const { device, bound } = backend;
    const failure = selfTestFailure(self_test);
    const report = { ...known, device, bound, self_test };
    if (failure !== null) return { backend: null, report: { ...report, reason: failure } };
    if (against !== null) return { backend: null, report: { ...report, state: 'unused', reason: against } };
    return { backend, report: { ...report, state: 'offered', reason: limitOf(backend) } };
  } catch (error) {
    return { backend: null, report: { ...known, reason: messageOf(error) } };
  }
}

/** Why a backend is not used for everything; null where it may be. */
function limitOf({ maxError, exactDTypes = [] }: Backend): string | null {
  const own = Object.entries(maxError).flatMap(([kind, error]) => (error > 0 ? [kind] : []));
  const except = exactDTypes.length > 0 ? `, except as ${exactDTypes.join(', ')}` : '';
  return own.length > 0 ? `computes ${own.join(', ')} tables only when asked for${except}` : null;
}

interface Outcome {
  readonly backend: Backend | null;
  readonly report: BackendReport;
}

/** Offers the first candidate that can be, and tells why the others are not. */
async function choose(
  name: Optional,
  candidates: readonly Probed[],
  cases: readonly SelfTestCase[],
  all: boolean,
): Promise<Outcome> {
  let backend: Backend | null = null;
  let taken: ModeReport | null = null;
  const others: ModeReport[] = [];
  for (const candidate of candidates) {
    const trial = await attempt(candidate, cases, taken?.mode ?? null, all);
    if (trial.backend) [backend, taken] = [trial.backend, trial.report];
    else others.push(trial.report);
  }
  const reason = others.map(({ mode, reason }) => `${mode}: ${reason}`).join('; ');
  return { backend, report: { name, ...(taken ?? { ...nothing, reason }), other_modes: others } };
}

/** The report of the TypeScript kernels. Throws where they fail, for then nothing here is right. */
function testJs(cases: readonly SelfTestCase[]): BackendReport {
  const { name, device, bound } = jsBackend;
  const self_test = selfTest(jsBackend, cases);
  const failure = selfTestFailure(self_test);
  if (failure !== null) throw new Error(`the TypeScript kernels fail their self-test: ${failure}`);
  return { name, ...nothing, device, state: 'offered', bound, self_test, other_modes: [] };
}

function notStarted(name: Optional, reason: string): Outcome {
  return { backend: null, report: { name, ...nothing, reason, other_modes: [] } };
}

/**
 * Starts the backends of a process: each is compared with the reference kernel, and one that fails is not offered.
 * Takes some 500 ms. Throws where the TypeScript kernels fail; that another cannot work is no error.
 */
export async function startKernels(
  { backend: choice, onFailure = () => undefined }: KernelOptions,
  candidates: Partial<Candidates> = {},
): Promise<Kernels> {
  const probed = (name: Optional) =>
    started[choice].includes(name) ? probeAll(candidates[name] ?? standard[name]) : null;
  // First of all, for they run in processes of their own.
  const [wasmModes, gpuModes] = [probed('wasm'), probed('gpu')];
  const cases = selfTestCases();
  const js = testJs(cases);
  const outcome = (name: Optional, modes: readonly Probed[] | null) =>
    modes ? choose(name, modes, cases, false) : notStarted(name, `the operator chose ${choice}`);
  const wasm = await outcome('wasm', wasmModes);
  const gpu = await outcome('gpu', gpuModes);
  const offers = [wasm.backend, jsBackend, gpu.backend && outliving(gpu.backend, jsBackend, onFailure)];
  return new Kernels(
    offers.filter((offer) => offer !== null),
    [js, wasm.report, gpu.report],
  );
}

/**
 * Measures every mode of every backend that works here, renderers in software too, and tells what is offered.
 * Takes seconds.
 */
export async function measureBackends(
  candidates: Partial<Candidates> = {},
): Promise<readonly BackendReport[]> {
  const { wasm, gpu } = { ...standard, ...candidates };
  const cases = selfTestCases();
  return [
    testJs(cases),
    (await choose('wasm', probeAll(wasm), cases, true)).report,
    (await choose('gpu', probeAll(gpu), cases, true)).report,
  ];
}

/** The kernels that are there at once, without a self-test: for a process that computes one table. */
export async function startQuickly(): Promise<Kernels> {
  try {
    return new Kernels([await startWasm(), jsBackend], []);
  } catch (error) {
    return new Kernels([jsBackend], [notStarted('wasm', messageOf(error)).report]);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
