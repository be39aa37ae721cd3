import type { TensorSpec } from '../tensor/spec.js';

/** The tensor of a format that holds exactly one. The caller has chosen it; anything else is a RangeError. */
export function onlyTensor(specs: readonly TensorSpec[]): TensorSpec {
  const [spec] = specs;
  if (spec === undefined || specs.length !== 1)
    throw new RangeError(`this format holds one tensor, not ${specs.length}`);
  return spec;
}
