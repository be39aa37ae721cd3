import type { AnyEncoding, TensorPlan } from './encodings/define.js';
import { invalidParameter } from './errors.js';
import type { Format, ReadElements } from './formats/define.js';
import { type BackendChoice, type BackendName, errorOf, type Filler } from './kernels/define.js';
import type { Kernels } from './kernels/index.js';
import type { Rows } from './kernels/rows.js';
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
  reader(table: TablePlan): ReadElements {
    const prepared: Filler[] = [];
    return (tensor, first, count, out) => {
      prepared[tensor] ??= this.filler(table, tensor);
      prepared[tensor].fill(first, count, out);
    };
  }

  /** Whom a request leaves it to. */
  choice(table: TablePlan): BackendChoice {
    return table.backend ?? (this.forceGpu ? 'gpu' : 'auto');
  }

  /**
   * Names the device where gpu.js computes a table with bytes of its own; empty for the reference bytes.
   * Throws `invalidParameters` where a request names a backend that cannot compute the table; an operator's choice
   * falls back to others.
   */
  private variant(table: TablePlan): string {
    if (table.backend === 'wasm' || table.backend === 'gpu') this.require(table.backend, table);
    const gpu = this.choice(table) === 'gpu' ? this.kernels.backend('gpu') : undefined;
    const own = table.tensors.some(
      ({ plan, spec }) => ((gpu && errorOf(gpu, recipeOf(plan), spec.dtype)) ?? 0) > 0,
    );
    return gpu && own ? `${gpu.device}; ${gpu.bound}` : '';
  }

  private require(name: BackendName, { tensors }: TablePlan): void {
    const backend = this.kernels.backend(name);
    if (!backend) throw invalidParameter('backend', `${name} is not offered: ${this.kernels.whyNot(name)}`);
    const lacking = tensors.filter(({ plan }) => backend.maxError[recipeOf(plan)] === undefined);
    const names = lacking.map(({ spec }) => spec.name).join(', ');
    if (names !== '') throw invalidParameter('backend', `${name} has no kernel for ${names}`);
  }

  private filler(table: TablePlan, tensor: number): Filler {
    const { plan, spec } = table.tensors[tensor]!;
    const choice = this.choice(table);
    const make = () => this.kernels.prepare(choice, plan.rows(), spec);
    if (table.supplied) return make();
    const key = `${table.encoding.id} ${spec.name} ${choice} ${encodeQuery({ ...table.params, tensors: '' })}`;
    let filler = this.fillers.get(key);
    if (!filler) {
      filler = make();
      this.fillers.set(key, filler);
    }
    return filler;
  }
}

function recipeOf(plan: TensorPlan): Rows['kind'] {
  return plan.recipe ?? 'elements';
}
