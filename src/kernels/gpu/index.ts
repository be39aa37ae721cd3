import type { TensorSpec } from '../../tensor/spec.js';
import type { Backend, Filler } from '../define.js';
import type { Rows } from '../rows.js';
import { runApart } from './apart.js';
import { bucketOn } from './bucket.js';
import { deviceOf, type GpuEngine, type GpuMode } from './engine.js';
import { lookUpOn } from './look-up.js';
import { phaseError, phaseOn } from './phase.js';
import type { Renderer } from './renderer.js';
import { slopeDistanceOn } from './slope-distance.js';
import { startEngine } from './start-engine.js';
import { requireGl } from './synchronous.js';
import { requireWebGpu } from './webgpu.js';

/** The backend of an engine: a kernel each for phase tables, bias tables and bucket maps. */
export function backendOn(engine: GpuEngine): Backend {
  const lookUp = lookUpOn(engine);
  const kernels = { phase: phaseOn(engine), bias: slopeDistanceOn(lookUp), bucket: bucketOn(lookUp) };
  return {
    name: 'gpu',
    device: deviceOf(engine),
    bound:
      'cos and sin in float32, within 6e-8 of those of the angle before scale and dtype; the reference bytes as f16 and bf16, and for bias tables and bucket maps',
    maxError: { phase: phaseError, 'slope-distance': 0, bucket: 0 },
    exactDTypes: ['f16', 'bf16'],
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

/** A mode that asks a driver: what it needs, and the time a first kernel may take; a working driver takes a tenth. */
interface Driver {
  readonly require: () => void;
  readonly firstContextMs: number;
}

const drivers: Readonly<Partial<Record<GpuMode, Driver>>> = {
  webgpu: { require: requireWebGpu, firstContextMs: 3000 },
  headlessgl: { require: requireGl, firstContextMs: 800 },
};

/** Tells a renderer that another process printed. */
function isRenderer(value: unknown): value is Renderer {
  return typeof value === 'object' && value !== null && 'name' in value && 'software' in value;
}

/**
 * What would run the kernels of a mode, null where that is no driver's. It is found out by a process of its own, so
 * that a driver can neither hang nor crash this one. Rejects with an Error whose message says why the mode cannot
 * work here.
 */
export async function probeGpu(mode: GpuMode): Promise<Renderer | null> {
  const driver = drivers[mode];
  if (!driver) return null;
  driver.require();
  const script = new URL('./first-context.js', import.meta.url);
  const renderer: unknown = JSON.parse(await runApart(script, [mode], driver.firstContextMs));
  if (!isRenderer(renderer)) throw new Error('its process told no renderer');
  return renderer;
}

/** Starts one mode of gpu.js. Rejects with an Error whose message says why it cannot work here; prints nothing. */
export async function startGpu(mode: GpuMode): Promise<Backend> {
  return backendOn(startEngine(mode));
}
