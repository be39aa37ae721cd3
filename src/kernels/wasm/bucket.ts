import { dtypes } from '../../tensor/dtype.js';
import type { TensorSpec } from '../../tensor/spec.js';
import type { Filler } from '../define.js';
import type { BucketRows } from '../rows.js';
import { scratchBytes, type WasmEngine } from './engine.js';
import { rectangles } from './rectangles.js';
import { Resident } from './resident.js';

/** Buckets of relative positions from −(backward.length − 1), but at least from −1, to forward.length − 1. */
function bandOf({ forward, backward }: BucketRows): { band: Int32Array; least: number } {
  const before = Math.max(1, backward.length - 1);
  const band = new Int32Array(before + forward.length);
  for (let n = 1; n <= before; n++) band[before - n] = backward[Math.min(n, backward.length - 1)]!;
  band.set(forward, before);
  return { band, least: -before };
}

/** A filler for a map of buckets, or null where its table would leave little room for others. */
export function prepareBucket(engine: WasmEngine, rows: BucketRows, spec: TensorSpec): Filler | null {
  const { band, least } = bandOf(rows);
  if (4 * band.byteLength > engine.arena.bytes) return null;
  const table = new Resident(engine);
  table.constant(band);
  const { bytes } = dtypes[spec.dtype];
  return {
    fill(first, count, out) {
      for (const part of rectangles(first, count, rows.columns, scratchBytes / bytes)) {
        const size = part.rows * part.columns * bytes;
        engine.deliver(out, part.done * bytes, size, (address) => {
          // The fields of assembly/bucket.ts, in order.
          const task = engine.write({
            rows: part.rows,
            columns: part.columns,
            relative: rows.base + part.column - part.row,
            table: table.at(),
            least,
            size: band.length,
            out: address,
          });
          engine.kernels.bucket(bytes, task);
        });
      }
    },
  };
}
