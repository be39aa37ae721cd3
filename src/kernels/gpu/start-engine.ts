import { type GpuEngine, gpuModes } from './engine.js';
import { startSynchronous } from './synchronous.js';
import { startWebGpu } from './webgpu.js';

/** Starts one mode of gpu.js. Throws an Error whose message says why it cannot work here; prints nothing. */
export function startEngine(name: string | undefined): GpuEngine {
  const mode = gpuModes.find((one) => one === name);
  if (!mode) throw new Error(`gpu.js has no mode ${name}`);
  return mode === 'webgpu' ? startWebGpu() : startSynchronous(mode);
}
