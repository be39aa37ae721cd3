import type { ZodObject, z } from 'zod';
import type { FieldError } from '../../../errors.js';
import type { Real } from '../../../numerics/real.js';

/** What every law is given beside its own parameters. */
export interface RopeBasics {
  /** Rotary width r: int(head_dim · partial_rotary_factor), or head_dim where the law keeps it. May be odd. */
  readonly rotary_dim: number;
  readonly head_dim: number;
  readonly partial_rotary_factor: number;
  readonly rope_theta: number;
  readonly max_position_embeddings?: number | undefined;
}

/** Frequencies in the `transformers` profile: float32 values in the framework's operation order. */
export interface FrameworkFrequencies {
  /** ⌈r/2⌉ float32 values. */
  readonly inv_freq: Float32Array;
  /** A Python float: multiplied into cos and sin as a float32. */
  readonly attention_factor: number;
  /** yarn only: (low, high) as they enter the ramp, after truncation and clamping. */
  readonly correction_range?: readonly [number, number];
  /** yarn only: weight of the interpolated frequency, ⌈r/2⌉ float32 values. */
  readonly ramp?: Float32Array;
}

/** The same in real-number mathematics on the parameters as float64. */
export interface RealFrequencies {
  readonly inv_freq: readonly Real[];
  readonly attention_factor: Real;
  readonly correction_range?: readonly [Real, Real];
  readonly ramp?: readonly Real[];
}

/** A way to stretch RoPE's frequencies. One law, one file; laws are listed in index.ts. */
export interface ScalingLaw<P = Record<string, unknown>> {
  /** The value of `rope_type`. */
  readonly name: string;
  readonly title: string;
  readonly reference: { readonly title: string; readonly url: string };
  /** The law's own parameters, Hugging Face names, defaults included. */
  readonly params: ZodObject;
  /** True where `max_position_embeddings` takes part. */
  readonly uses_max_position_embeddings?: boolean;
  /** True where the frequencies span head_dim whatever partial_rotary_factor is (`proportional`). */
  readonly keeps_head_dim?: boolean;
  /** Fills defaults that depend on other parameters. */
  readonly normalize?: (params: P) => P;
  /** What zod cannot say: parameters that contradict each other or the basics. */
  readonly check?: (params: P, basics: RopeBasics) => FieldError[];
  /** null where transformers has no such law. */
  readonly transformers: ((params: P, basics: RopeBasics) => FrameworkFrequencies) | null;
  /** Whether transformers has the law under these parameters; by default, wherever `transformers` is not null. */
  readonly framework_has?: (params: P) => boolean;
  readonly exact: (params: P, basics: RopeBasics) => RealFrequencies;
}

/** A law as its file writes it: the parameters' type follows from the zod object. */
export type ScalingLawDefinition<S extends ZodObject> = Omit<ScalingLaw<z.output<S>>, 'params'> & {
  readonly params: S;
};

/**
 * Declares a law. Its functions are written with the types of its own zod object; the list holds it with that
 * type hidden, so what they are given is read through the zod object first (which leaves parsed parameters as
 * they are).
 */
export function defineScalingLaw<S extends ZodObject>(law: ScalingLawDefinition<S>): ScalingLaw {
  const { params, normalize, check, transformers, framework_has, exact, ...rest } = law;
  return {
    ...rest,
    params,
    ...(normalize && { normalize: (given) => normalize(params.parse(given)) }),
    ...(check && { check: (given, basics) => check(params.parse(given), basics) }),
    transformers: transformers && ((given, basics) => transformers(params.parse(given), basics)),
    ...(framework_has && { framework_has: (given) => framework_has(params.parse(given)) }),
    exact: (given, basics) => exact(params.parse(given), basics),
  };
}
