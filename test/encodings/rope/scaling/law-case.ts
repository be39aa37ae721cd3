import type { RopeBasics, ScalingLaw } from '../../../../src/encodings/rope/scaling/define.js';
import { scalingLaw } from '../../../../src/encodings/rope/scaling/index.js';
import type { FieldError } from '../../../../src/errors.js';

/** Parameters of a RoPE request: the basics, `rope_type` and the law's own. */
export type LawParams = Readonly<Record<string, unknown>> & {
  readonly rope_type: string;
  readonly head_dim: number;
  readonly rope_theta?: number;
  readonly partial_rotary_factor?: number;
  readonly max_position_embeddings?: number;
};

export interface LawCase {
  readonly law: ScalingLaw;
  readonly own: Record<string, unknown>;
  readonly basics: RopeBasics;
  readonly errors: readonly FieldError[];
}

/** A request as an encoding would hand it to its law. */
export function lawCase(params: LawParams): LawCase {
  const {
    rope_type,
    head_dim,
    rope_theta = 10000,
    partial_rotary_factor = 1,
    max_position_embeddings,
    ...given
  } = params;
  const law = scalingLaw(rope_type);
  if (!law) throw new Error(`no law ${rope_type}`);
  const basics: RopeBasics = {
    rotary_dim: law.keeps_head_dim ? head_dim : Math.trunc(head_dim * partial_rotary_factor),
    head_dim,
    partial_rotary_factor,
    rope_theta,
    max_position_embeddings,
  };
  const own = law.params.parse(given);
  return { law, own, basics, errors: law.check?.(own, basics) ?? [] };
}
