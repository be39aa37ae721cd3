import { type BackendReport, jsBackend, Kernels } from './index.js';

/** How the backends are chosen at start-up. */
export interface KernelOptions {
  /** `js` keeps gpu.js unloaded; `gpu` forces it for tables that do not say otherwise. */
  readonly backend: 'auto' | 'js' | 'gpu';
}

/** Starts the backends of a process. */
export async function startKernels(_options: KernelOptions): Promise<Kernels> {
  const js: BackendReport = {
    name: 'js',
    device: jsBackend.device,
    state: 'reference',
    reason: null,
    bound: jsBackend.bound,
    self_test: [],
  };
  return new Kernels([jsBackend], [js]);
}
