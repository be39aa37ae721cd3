import type { TensorSpec } from '../../tensor/spec.js';
import type { Backend, Filler } from '../define.js';
import type { Rows } from '../rows.js';
import { prepareBucket } from './bucket.js';
import { WasmEngine } from './engine.js';
import { preparePhase } from './phase.js';
import { prepareSlopeDistance } from './slope-distance.js';

/** The backend of an engine: block kernels for phase tables, bias tables and bucket maps. */
export function wasmOn(engine: WasmEngine): Backend {
  return {
    name: 'wasm',
    device: 'WebAssembly SIMD',
    bound: 'the reference bytes',
    maxError: { phase: 0, 'slope-distance': 0, bucket: 0 },
    engine,
    prepare(rows: Rows, spec: TensorSpec): Filler | null {
      switch (rows.kind) {
        case 'phase':
          return preparePhase(engine, rows, spec);
        case 'slope-distance':
          return prepareSlopeDistance(engine, rows, spec);
        case 'bucket':
          return prepareBucket(engine, rows, spec);
        default:
          return null;
      }
    },
  };
}

/** Starts the WebAssembly kernels. Throws an Error whose message says why they cannot work here. */
export async function startWasm(): Promise<Backend> {
  return wasmOn(await WasmEngine.start());
}
