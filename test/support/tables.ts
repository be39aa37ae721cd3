import type { AnyEncoding } from '../../src/encodings/define.js';
import { encodings } from '../../src/encodings/index.js';
import type { BinaryFormat } from '../../src/formats/define.js';
import { formatByName } from '../../src/formats/index.js';
import { jsBackend, Kernels } from '../../src/kernels/index.js';
import type { FilePlan, TableLimits } from '../../src/table.js';
import { Tables } from '../../src/tables.js';
import type { TensorSpec } from '../../src/tensor/spec.js';
import { byteLength, elementCount } from '../../src/tensor/spec.js';

/** Parameters as a JSON body carries them. */
export type Params = Readonly<Record<string, unknown>>;

/** Limits that no table of a test meets unless it means to. */
export const limits: TableLimits = { table_bytes: 2 ** 50, text_elements: 2 ** 20 };

export const tables = new Tables(new Kernels([jsBackend], []), limits, false);

export function encodingNamed(id: string): AnyEncoding {
  const found = encodings.find((encoding) => encoding.id === id);
  if (!found) throw new Error(`no encoding ${id}`);
  return found;
}

/** A table in a format, as a POST of `params` plans it. */
export function plan(id: string, params: Params, formatName = 'safetensors'): FilePlan {
  const format = formatByName(formatName);
  if (!format) throw new Error(`no format ${formatName}`);
  return tables.plan(encodingNamed(id), format, { values: params, errors: [] });
}

export function binaryFormat(name: string): BinaryFormat {
  const format = formatByName(name);
  if (format?.kind !== 'binary') throw new Error(`no binary format ${name}`);
  return format;
}

export interface Tensor {
  readonly spec: TensorSpec;
  /** Row-major, little-endian, at an address that any typed array can take. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Every tensor of a table, whole, computed by the TypeScript kernels. */
export function compute(id: string, params: Params): ReadonlyMap<string, Tensor> {
  const file = plan(id, params);
  const read = tables.reader(file.table);
  return new Map(
    file.description.specs.map((spec, tensor) => {
      const bytes = new Uint8Array(new ArrayBuffer(byteLength(spec)));
      read(tensor, 0, elementCount(spec.shape), bytes);
      return [spec.name, { spec, bytes }];
    }),
  );
}

/** One tensor of a table, whole. */
export function tensor(id: string, params: Params, name: string): Tensor {
  const found = compute(id, { ...params, tensors: [name] }).get(name);
  if (!found) throw new Error(`${id} has no tensor ${name}`);
  return found;
}
