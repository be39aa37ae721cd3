import type { AnyEncoding } from './encodings/define.js';
import { invalidParameter } from './errors.js';
import type { Format, ReadElements } from './formats/define.js';
import type { Filler } from './kernels/define.js';
import type { Kernels } from './kernels/index.js';
import { Lru } from './lru.js';
import { encodeQuery, type RawParameters } from './params.js';
import { type FilePlan, planFile, planTable, type TableLimits, type TablePlan } from './table.js';

/** Prepared tensors kept for the next request; each holds a megabyte or two of rotations. */
const keptFillers = 16;

/**
 * From a request to a file that can be read: the one way through, for the service and the command line alike.
 */
export class Tables {
  private readonly fillers = new Lru<string, Filler>(keptFillers);

  constructor(
    private readonly kernels: Kernels,
    private readonly limits: TableLimits,
    /** The operator forces gpu.js for tables that do not say otherwise. */
    private readonly forceGpu: boolean,
  ) {}

  /** Plans a table in a format. Throws PosencError for bad parameters; computes no number. */
  plan(encoding: AnyEncoding, format: Format, raw: RawParameters): FilePlan {
    const table = planTable(encoding, raw, this.limits);
    return planFile(table, format, this.limits, this.variant(table));
  }

  /** Prepares the tensors on first use and reads their elements. */
  reader(file: FilePlan): ReadElements {
    const prepared: Filler[] = [];
    return (tensor, first, count, out) => {
      prepared[tensor] ??= this.filler(file.table, tensor, file.variant !== '');
      prepared[tensor].fill(first, count, out);
    };
  }

  /** Names the device where gpu.js computes a table with bytes of its own; empty for the reference bytes. */
  private variant(table: TablePlan): string {
    const asked = table.backend === 'gpu';
    if (!asked && !(this.forceGpu && table.backend === undefined)) return '';
    let device = '';
    for (const { plan, spec } of table.tensors) {
      const rows = plan.rows();
      const gpu = this.kernels.gpu(rows, spec);
      if (!gpu && asked) throw invalidParameter('backend', `gpu: ${this.kernels.whyNoGpu(spec.name)}`);
      if (gpu && !gpu.backend.exact(rows, spec)) device = `${gpu.backend.device}; ${gpu.backend.bound}`;
    }
    return device;
  }

  private filler(table: TablePlan, tensor: number, forced: boolean): Filler {
    const { plan, spec } = table.tensors[tensor]!;
    const js = table.backend === 'js';
    const make = () => {
      const rows = plan.rows();
      return (
        (forced ? this.kernels.gpu(rows, spec)?.filler : undefined) ?? this.kernels.reference(rows, spec, js)
      );
    };
    if (table.supplied) return make();
    const key = `${table.encoding.id} ${spec.name} ${forced} ${js} ${encodeQuery({ ...table.params, tensors: '' })}`;
    let filler = this.fillers.get(key);
    if (!filler) {
      filler = make();
      this.fillers.set(key, filler);
    }
    return filler;
  }
}
