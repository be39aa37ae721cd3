import { type FieldError, pointerTo } from '../../../errors.js';
import type { RopeBasics } from './define.js';

/** An error about the rotary width, at the field that decided it. */
export function widthError(basics: RopeBasics, detail: string): FieldError {
  const field = basics.rotary_dim === basics.head_dim ? 'head_dim' : 'partial_rotary_factor';
  return { pointer: pointerTo(field), detail: `the rotary width is ${basics.rotary_dim}, ${detail}` };
}

/** NTK's exponent d/(d − 2) does not exist for a width of 2. */
export function ntkWidthErrors(basics: RopeBasics): FieldError[] {
  return basics.rotary_dim === 2 ? [widthError(basics, 'where the exponent d/(d − 2) does not exist')] : [];
}

/** The correction range divides by ln rope_theta. */
export function thetaLogarithmErrors(basics: RopeBasics): FieldError[] {
  return basics.rope_theta === 1
    ? [
        {
          pointer: pointerTo('rope_theta'),
          detail: 'must not be 1: the correction range divides by its logarithm',
        },
      ]
    : [];
}
