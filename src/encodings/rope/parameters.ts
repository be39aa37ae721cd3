import { z } from 'zod';
import { type FieldError, invalidParameters, pointerTo } from '../../errors.js';
import { catalogueLimits } from '../../limits.js';
import { fieldErrors } from '../../params.js';
import type { Profile } from '../define.js';
import type { RopeBasics, ScalingLaw } from './scaling/define.js';
import { scalingLaws } from './scaling/index.js';

/** Parameters in force of anything built on RoPE frequencies: the basics, then those of the law. */
export interface RopeParams {
  readonly head_dim: number;
  readonly rope_theta: number;
  readonly partial_rotary_factor: number;
  readonly max_position_embeddings?: number | undefined;
  readonly rope_type: string;
  readonly [lawParameter: string]: unknown;
}

function lawNamed(name: string): ScalingLaw {
  const law = scalingLaws.find((candidate) => candidate.name === name);
  if (!law) throw new Error(`no scaling law ${name}`);
  return law;
}

/** Every law's own parameters, each optional here: which are required, and with which defaults, is the law's. */
function lawParameters(): Record<string, z.ZodType> {
  const shape: Record<string, z.ZodType> = {};
  const users: Record<string, string[]> = {};
  for (const law of scalingLaws) {
    for (const [name, type] of Object.entries(law.params.shape)) {
      users[name] = [...(users[name] ?? []), law.name];
      shape[name] ??= unwrapped(type as z.ZodType);
    }
  }
  for (const [name, type] of Object.entries(shape)) {
    const description = `${describe(name)} For rope_type ${users[name]?.join(', ')}.`;
    shape[name] = type.optional().describe(description);
  }
  return shape;
}

/** The type below `.default()` and `.optional()`. */
function unwrapped(type: z.ZodType): z.ZodType {
  return type instanceof z.ZodDefault || type instanceof z.ZodOptional
    ? unwrapped(type.unwrap() as z.ZodType)
    : type;
}

/** The law's own words for a parameter, with its default. */
function describe(name: string): string {
  for (const law of scalingLaws) {
    const type = law.params.shape[name] as z.ZodType | undefined;
    if (!type) continue;
    const text = type.description ?? unwrapped(type).description ?? name;
    const standard = type instanceof z.ZodDefault ? ` Default ${JSON.stringify(type.parse(undefined))}.` : '';
    return `${text}${standard}`;
  }
  return name;
}

/** Zod object of all RoPE parameters, in canonical order. */
export const ropeParams = z.object({
  head_dim: z.int().min(1).max(catalogueLimits.head_dim).describe('Width of an attention head.'),
  rope_theta: z.number().min(1).max(1e300).default(10000).describe('Base of the frequencies.'),
  partial_rotary_factor: z
    .number()
    .positive()
    .max(1)
    .default(1)
    .describe('Share of the head that is rotated: int(head_dim · factor) channels.'),
  max_position_embeddings: z
    .int()
    .min(1)
    .max(catalogueLimits.length)
    .optional()
    .describe('Longest sequence the model is configured for; for rope_type dynamic and longrope.'),
  rope_type: z
    .enum(scalingLaws.map(({ name }) => name) as [string, ...string[]])
    .default('default')
    .describe(
      `How the frequencies are scaled: ${scalingLaws.map(({ name, title }) => `\`${name}\` ${title}`).join('; ')}.`,
    ),
  ...lawParameters(),
});

/** Names of the parameters that belong to laws. */
const lawParameterNames = new Set(scalingLaws.flatMap(({ params }) => Object.keys(params.shape)));

/** Channels that are rotated: int(head_dim · factor) in float64, as Python has it. May be odd. */
export function rotaryDim(params: RopeParams): number {
  return lawNamed(params.rope_type).keeps_head_dim
    ? params.head_dim
    : Math.trunc(params.head_dim * params.partial_rotary_factor);
}

function basics(params: RopeParams): RopeBasics {
  return {
    rotary_dim: rotaryDim(params),
    head_dim: params.head_dim,
    partial_rotary_factor: params.partial_rotary_factor,
    rope_theta: params.rope_theta,
    max_position_embeddings: params.max_position_embeddings,
  };
}

/**
 * The parameters in force: the law's defaults filled in, what it does not use left out.
 * Throws for parameters that another law owns, missing ones and contradictions, naming every field.
 */
export function normalizeRope<P extends RopeParams>(params: P): P {
  const law = lawNamed(params.rope_type);
  const errors: FieldError[] = [];
  const own: Record<string, unknown> = {};
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined) continue;
    if (name in law.params.shape) own[name] = value;
    else if (lawParameterNames.has(name)) {
      errors.push({ pointer: pointerTo(name), detail: `is not a parameter of rope_type ${law.name}` });
    } else kept[name] = value;
  }
  if (!law.uses_max_position_embeddings) delete kept.max_position_embeddings;
  if (rotaryDim(params) < 1) {
    errors.push({ pointer: pointerTo('partial_rotary_factor'), detail: 'leaves no channel to rotate' });
  }
  const parsed = law.params.safeParse(own);
  if (!parsed.success) errors.push(...fieldErrors(parsed.error));
  else if (errors.length === 0) errors.push(...(law.check?.(parsed.data, basics(params)) ?? []));
  if (errors.length > 0 || !parsed.success) throw invalidParameters(errors);
  const inForce = law.normalize?.(parsed.data) ?? parsed.data;
  const ordered: Record<string, unknown> = {};
  for (const name of Object.keys(ropeParams.shape)) {
    const value = name in inForce ? inForce[name] : kept[name];
    if (value !== undefined) ordered[name] = value;
  }
  return { ...ordered, ...kept } as P;
}

/** The law in force and its parameters. */
export function scaling(params: RopeParams): {
  law: ScalingLaw;
  own: Record<string, unknown>;
  basics: RopeBasics;
} {
  const law = lawNamed(params.rope_type);
  const own = Object.fromEntries(Object.keys(law.params.shape).map((name) => [name, params[name]]));
  return { law, own, basics: basics(params) };
}

/** Which profiles the law has for these parameters. */
export function ropeProfiles(params: RopeParams): Profile[] {
  const { law, own } = scaling(params);
  return law.transformers !== null && (law.framework_has?.(own) ?? true)
    ? ['transformers', 'exact']
    : ['exact'];
}

/** What the two profiles promise for tables of cos and sin. */
export const ropeGuarantees = [
  {
    name: 'transformers',
    guarantee:
      'What transformers 5.18.0 with torch 2.13 computes in float32 on an x86-64 CPU (AVX2, glibc), in the same order of operations: the angle bit-equal, cos and sin of it rounded to float32 from a float64 value within 4e-16 (torch itself differs from the nearest float32 by one ulp in 3–5 % of elements). Narrower dtypes round the float32 value once more, f64 widens it.',
  },
  {
    name: 'exact',
    guarantee: 'Every value is the correctly rounded one of the real formula, in the dtype asked for.',
  },
] as const;
