import type { TensorSpec } from '../../tensor/spec.js';
import type { Backend, Filler } from '../define.js';
import type { Rows } from '../rows.js';
import { whyNotApart } from './apart.js';
import { bucketOn } from './bucket.js';
import { type GpuEngine, requireGl, type SynchronousMode, startEngine } from './engine.js';
import { lookUpOn } from './look-up.js';
import { phaseError, phaseOn } from './phase.js';
import { slopeDistanceOn } from './slope-distance.js';

/** Modes of gpu.js, the first that works is taken: a GPU, WebAssembly, JavaScript that gpu.js writes. */
export const gpuModes: readonly SynchronousMode[] = ['headlessgl', 'webasm', 'cpu'];

/** Time for that process; a working driver takes a few hundred ms. */
const firstContextMs = 800;

/** The backend of an engine: a kernel each for phase tables, bias tables and bucket maps. */
export function backendOn(engine: GpuEngine): Backend {
  const lookUp = lookUpOn(engine);
  const kernels = { phase: phaseOn(engine), bias: slopeDistanceOn(lookUp), bucket: bucketOn(lookUp) };
  return {
    name: 'gpu',
    device: engine.device,
    bound:
      'cos and sin in float32, within 6e-8 of those of the angle before scale and dtype; the reference bytes for bias tables and bucket maps',
    maxError: { phase: phaseError, 'slope-distance': 0, bucket: 0 },
    prepare(rows: Rows, spec: TensorSpec): Filler | null {
      switch (rows.kind) {
        case 'phase':
          return kernels.phase(rows, spec);
        case 'slope-distance':
          return kernels.bias(rows, spec);
        case 'bucket':
          return kernels.bucket(rows, spec);
        default:
          return null;
      }
    },
  };
}

/**
 * Starts one mode of gpu.js. Throws an Error whose message says why it cannot work here; prints nothing. Whether
 * there is a GPU is found out by a process of its own, so that its driver can neither hang nor crash this one.
 */
export async function startGpu(mode: SynchronousMode): Promise<Backend> {
  if (mode === 'headlessgl') {
    requireGl();
    const reason = await whyNotApart(new URL('./first-context.js', import.meta.url), firstContextMs);
    if (reason !== null) throw new Error(reason);
  }
  return backendOn(startEngine(mode));
}
