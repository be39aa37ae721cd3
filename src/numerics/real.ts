import type { DType } from '../tensor/dtype.js';
/** placeholder for the contract; the implementation follows */
export interface Real {
  readonly __real: true;
}
export type { DType };
