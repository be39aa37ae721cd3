import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { AnyEncoding, Profile, TensorPlan } from './encodings/define.js';
import { type FieldError, invalidParameter, invalidParameters, PosencError, pointerTo } from './errors.js';
import type { FileDescription, FileLayout, Format } from './formats/define.js';
import { jsonText } from './formats/json-text.js';
import { type BackendChoice, backendChoices } from './kernels/define.js';
import type { Positions } from './kernels/rows.js';
import { catalogueLimits } from './limits.js';
import { checkParameters, encodeQuery, firstOfEachField, type RawParameters } from './params.js';
import { revision } from './revision.js';
import { type DType, floatDTypes, indexDTypes } from './tensor/dtype.js';
import { byteLength, elementCount, type TensorSpec } from './tensor/spec.js';

/** Sizes above which a table is refused. */
export interface TableLimits {
  readonly table_bytes: number;
  readonly text_elements: number;
}

/** Only what cannot be addressed is refused. */
export const noLimits: TableLimits = {
  table_bytes: Number.MAX_SAFE_INTEGER,
  text_elements: Number.MAX_SAFE_INTEGER,
};

const windowNames = ['start', 'length', 'positions'] as const;

/** The parameters that give a table its rows. */
function windowShape(
  window: AnyEncoding['window'],
): Partial<Record<(typeof windowNames)[number], z.ZodType>> {
  if (window === 'none') return {};
  const position = window === 'integers' ? z.int() : z.number();
  return {
    start: z
      .int()
      .min(0)
      .max(catalogueLimits.position)
      .optional()
      .describe('Position of the first row. Default 0.'),
    length: z
      .int()
      .min(1)
      .max(catalogueLimits.length)
      .optional()
      .describe('Number of rows; required unless positions is given.'),
    positions: z
      .array(position.min(0).max(catalogueLimits.position))
      .min(1)
      .max(catalogueLimits.positions)
      .optional()
      .describe(
        window === 'integers'
          ? 'Positions of the rows, in place of start and length.'
          : 'Positions of the rows, in place of start and length; fractions are allowed.',
      ),
  };
}

/** The parameters that every table has. */
function commonShape(encoding: AnyEncoding): z.ZodRawShape {
  const kinds = new Set(encoding.tensorDocs.map(({ kind }) => kind));
  const dtypes = [
    ...(kinds.has('float') ? floatDTypes : []),
    ...(kinds.has('index') ? indexDTypes : []),
    ...(kinds.has('complex') ? (['c64'] as const) : []),
  ];
  const names = encoding.tensorDocs.map(({ name }) => name);
  const profiles = encoding.profiles.map(({ name }) => name);
  return {
    ...(dtypes.length > 0 && {
      dtype: z
        .enum(dtypes as [DType, ...DType[]])
        .optional()
        .describe('Element type of the tensors whose type is free: f32 by default, i64 for index maps.'),
    }),
    tensors: z
      .array(z.enum(names as [string, ...string[]]))
      .min(1)
      .max(64)
      .optional()
      .describe('Which of the tensors; all by default. npy, bin and csv hold exactly one.'),
    ...(profiles.length > 0 && {
      profile: z
        .enum(profiles as [Profile, ...Profile[]])
        .optional()
        .describe('Which numbers are the right ones; the first that exists for the parameters by default.'),
    }),
    backend: z
      .enum(backendChoices)
      .optional()
      .describe(
        'Who computes: `auto` the fastest that gives the reference bytes, `js` TypeScript, `wasm` WebAssembly SIMD, `gpu` gpu.js, even where its bytes are its own: such an answer says so and is not to be kept.',
      ),
    revision: z
      .string()
      .max(64)
      .optional()
      .describe('Pins the kernel revision; the response may then be kept for ever.'),
    digest: z
      .enum(['sha-256'])
      .optional()
      .describe('Answer the digest of the binary file instead of the file, as JSON.'),
  };
}

const schemas = new WeakMap<AnyEncoding, z.ZodObject>();

/** Every parameter of a table of this encoding, in canonical order: its own, the row window, the common ones. */
export function tableParameters(encoding: AnyEncoding): z.ZodObject {
  let schema = schemas.get(encoding);
  if (!schema) {
    schema = z.object({
      ...encoding.params.shape,
      ...windowShape(encoding.window),
      ...commonShape(encoding),
    });
    schemas.set(encoding, schema);
  }
  return schema;
}

/** A table whose shapes are known and whose numbers are not. */
export interface TablePlan {
  readonly encoding: AnyEncoding;
  /** Every parameter in force, in canonical order. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly profile: Profile | null;
  readonly tensors: readonly { readonly plan: TensorPlan; readonly spec: TensorSpec }[];
  /** Names of all tensors that these parameters have, selected or not. */
  readonly available: readonly string[];
  readonly namesTensors: boolean;
  readonly backend: BackendChoice | undefined;
  readonly digest: boolean;
  /** The request pins the current revision. */
  readonly pinned: boolean;
  /** Arrays were supplied: there is no canonical URL. */
  readonly supplied: boolean;
  readonly elements: number;
  readonly bytes: number;
}

function windowOf(
  values: Record<string, unknown>,
  encoding: AnyEncoding,
): { positions: Positions; inForce: object } {
  const none: Positions = { kind: 'range', start: 0, length: 1 };
  if (encoding.window === 'none') return { positions: none, inForce: {} };
  const { start, length, positions } = values as { start?: number; length?: number; positions?: number[] };
  if (positions) {
    const errors = (['start', 'length'] as const)
      .filter((name) => values[name] !== undefined)
      .map((name) => ({ pointer: pointerTo(name), detail: 'contradicts positions' }));
    if (errors.length > 0) throw invalidParameters(errors);
    return { positions: { kind: 'list', values: positions }, inForce: { positions } };
  }
  if (length === undefined) throw invalidParameter('length', 'is required, unless positions is given');
  const first = start ?? 0;
  // Their sum may lie between two float64 values; the difference from the limit is exact.
  if (first > catalogueLimits.position - (length - 1)) {
    throw invalidParameter('length', `the last row must not be beyond position ${catalogueLimits.position}`);
  }
  return { positions: { kind: 'range', start: first, length }, inForce: { start: first, length } };
}

function profileOf(params: Record<string, unknown>, asked: unknown, encoding: AnyEncoding): Profile | null {
  if (encoding.profiles.length === 0) return null;
  const names = encoding.profilesFor?.(params) ?? encoding.profiles.map(({ name }) => name);
  if (asked === undefined) return names[0] ?? null;
  const found = names.find((name) => name === asked);
  if (!found)
    throw invalidParameter('profile', `is not ${asked} for these parameters; there is ${names.join(', ')}`);
  return found;
}

function selected(plans: readonly TensorPlan[], asked: readonly string[] | undefined): TensorPlan[] {
  if (!asked) return [...plans];
  const missing = asked.filter((name) => !plans.some((plan) => plan.name === name));
  if (missing.length > 0) {
    const have = plans.map(({ name }) => name).join(', ');
    throw invalidParameter(
      'tensors',
      `${missing.join(', ')} is not among the tensors for these parameters: ${have}`,
    );
  }
  return plans.filter(({ name }) => asked.includes(name));
}

/** Dtype of each selected tensor, and the dtype in force (undefined where none is free). */
function dtypesOf(
  plans: readonly TensorPlan[],
  asked: DType | undefined,
): { of: (plan: TensorPlan) => DType; inForce?: DType } {
  const isFloat = (floatDTypes as readonly string[]).includes(asked ?? '');
  const isIndex = (indexDTypes as readonly string[]).includes(asked ?? '');
  const takes = ({ kind }: TensorPlan) =>
    kind === 'float' ? isFloat : kind === 'index' ? isIndex : kind === 'complex' && asked === 'c64';
  if (asked && !plans.some(takes)) {
    throw invalidParameter(
      'dtype',
      `none of the tensors ${plans.map(({ name }) => name).join(', ')} can be ${asked}`,
    );
  }
  const standard: Record<TensorPlan['kind'], DType> = {
    float: 'f32',
    index: 'i64',
    complex: 'c64',
    mask: 'bool',
    f64: 'f64',
  };
  const free =
    plans.find(({ kind }) => kind === 'float') ??
    plans.find(({ kind }) => kind === 'index') ??
    plans.find(({ kind }) => kind === 'complex');
  const of = (plan: TensorPlan) => (asked && takes(plan) ? asked : standard[plan.kind]);
  // Asking for the default of any of the tensors changes nothing, so it is not another request.
  const inForce = plans.some((plan) => of(plan) !== standard[plan.kind])
    ? asked
    : free && standard[free.kind];
  return { of, ...(inForce && { inForce }) };
}

/** The parameters that belong to some step, by name. */
function pick(values: RawParameters['values'], names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    names.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])),
  );
}

/** 0 for −0, at any depth: as parameters they are one number, so they must make the same bytes. */
function withoutNegativeZero(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNegativeZero);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name, withoutNegativeZero(inner)]),
    );
  }
  return value === 0 ? 0 : value;
}

/** Each parameter by itself. Supplied arrays stay as they are: there −0 is data. */
function checkEach(encoding: AnyEncoding, raw: RawParameters): RawParameters {
  const { values, errors } = checkParameters(tableParameters(encoding), raw);
  const numbers = Object.entries(values).map(([name, value]) => [
    name,
    encoding.supplied?.includes(name) ? value : withoutNegativeZero(value),
  ]);
  return { values: Object.fromEntries(numbers), errors };
}

/** Everything that can be said of the parameters before a shape is known. Throws with every wrong field. */
function understand(encoding: AnyEncoding, raw: RawParameters) {
  const { values, errors } = checkEach(encoding, raw);
  const found = [...errors];
  /** Runs a step on the parameters it needs, unless one of them is wrong; collects the fields it refuses. */
  const attempt = <T>(
    names: readonly string[],
    step: (values: Record<string, unknown>) => T,
  ): T | undefined => {
    const wrong = names.some((name) =>
      errors.some(({ pointer }) => `${pointer}/`.startsWith(`${pointerTo(name)}/`)),
    );
    if (wrong) return undefined;
    try {
      return step(pick(values, names));
    } catch (error) {
      if (!(error instanceof PosencError) || error.code !== 'invalid_parameters') throw error;
      found.push(...error.errors);
      return undefined;
    }
  };
  const params = attempt(Object.keys(encoding.params.shape), (own) =>
    canonicalOrder(encoding, encoding.normalize?.(own) ?? own),
  );
  const rowNames = encoding.window === 'none' ? [] : windowNames;
  const window = attempt(rowNames, (rows) => windowOf(rows, encoding));
  if (found.length > 0 || !params || !window) throw invalidParameters(firstOfEachField(found));
  return { values, params, window };
}

/**
 * From raw parameters (decoded from a query, or a JSON body) to a table whose shapes are known.
 * Computes no number. Throws `invalidParameters` with every wrong field, `revision_unavailable`,
 * and `table_too_large`.
 */
export function planTable(encoding: AnyEncoding, raw: RawParameters, limits: TableLimits): TablePlan {
  const { values, params, window } = understand(encoding, raw);
  if (values.revision !== undefined && values.revision !== revision) {
    throw new PosencError(
      'revision_unavailable',
      `revision ${values.revision} is not served; the current one is ${revision}`,
      {
        extras: { current: revision },
      },
    );
  }
  const { positions, inForce } = window;
  const profile = profileOf(params, values.profile, encoding);
  const plans = encoding.tensors({ params, positions, profile });
  const chosen = selected(plans, values.tensors as string[] | undefined);
  const dtype = dtypesOf(chosen, values.dtype as DType | undefined);
  const tensors = chosen.map((plan) => ({
    plan,
    spec: { name: plan.name, shape: plan.shape, dtype: dtype.of(plan) },
  }));
  const bytes = tensors.reduce((sum, { spec }) => sum + byteLength(spec), 0);
  if (bytes > limits.table_bytes) {
    throw new PosencError(
      'table_too_large',
      `the table has ${bytes} bytes, the limit is ${limits.table_bytes}`,
      {
        extras: { limit: limits.table_bytes, requested: bytes, unit: 'bytes' },
      },
    );
  }
  return {
    encoding,
    params: {
      ...params,
      ...inForce,
      ...(dtype.inForce && { dtype: dtype.inForce }),
      tensors: chosen.map(({ name }) => name),
      ...(profile && { profile }),
    },
    profile,
    tensors,
    available: plans.map(({ name }) => name),
    namesTensors: values.tensors !== undefined,
    backend: values.backend as BackendChoice | undefined,
    digest: values.digest !== undefined,
    pinned: values.revision !== undefined,
    supplied: (encoding.supplied ?? []).some((name) => name in params),
    elements: tensors.reduce((sum, { spec }) => sum + elementCount(spec.shape), 0),
    bytes,
  };
}

function canonicalOrder(encoding: AnyEncoding, params: Record<string, unknown>): Record<string, unknown> {
  return pick(params, Object.keys(encoding.params.shape));
}

/** A table in a format: everything about the response but its numbers. */
export interface FilePlan {
  readonly table: TablePlan;
  readonly format: Format;
  /** null for text formats. */
  readonly layout: FileLayout | null;
  readonly description: FileDescription;
  /** Lowercase hex, without quotes. */
  readonly etag: string;
  /** Path and query of the canonical URL; null where arrays were supplied. */
  readonly canonicalUrl: string | null;
  readonly fileName: string;
  /** The backend and device whose own bytes these are; empty for the reference bytes. */
  readonly variant: string;
}

/** Why the format cannot hold the table, as a field error, or null. */
function refusal(table: TablePlan, format: Format): FieldError | null {
  if (format.single && table.tensors.length !== 1) {
    const names = (table.namesTensors ? table.tensors.map(({ spec }) => spec.name) : table.available).join(
      ', ',
    );
    return {
      pointer: pointerTo('tensors'),
      detail: `${format.name} holds exactly one tensor; name one of ${names}`,
    };
  }
  for (const { spec } of table.tensors) {
    const why = format.refuses(spec);
    if (why)
      return {
        pointer: pointerTo(spec.dtype === 'bf16' || spec.dtype === 'c64' ? 'dtype' : 'tensors'),
        detail: why,
      };
  }
  return null;
}

/**
 * Lays the table out in a format: length, ETag, canonical URL. `variant` names what else the bytes depend on
 * (a forced backend and its device) and is empty for tables with the reference's bytes.
 * Throws `invalidParameters` where the format cannot hold the table and `table_too_large` for long texts.
 */
export function planFile(table: TablePlan, format: Format, limits: TableLimits, variant = ''): FilePlan {
  const refused = refusal(table, format);
  if (refused) throw invalidParameters([refused]);
  const isText = format.kind === 'text';
  if (table.digest && isText) {
    throw invalidParameter('digest', `exists for binary formats, not for ${format.name}`);
  }
  if (isText && table.elements > limits.text_elements) {
    throw new PosencError(
      'table_too_large',
      `the table has ${table.elements} elements, the limit of ${format.name} is ${limits.text_elements}; binary formats have none`,
      { extras: { limit: limits.text_elements, requested: table.elements, unit: 'elements' } },
    );
  }
  const { encoding } = table;
  const params = { ...table.params, ...(variant && { backend: 'gpu' }) };
  // What a profile guarantees is not what the bytes of another backend are worth.
  const worth = variant ? { backend: variant } : guaranteeOf(table);
  const meta = { title: encoding.title, ...worth };
  const request = table.supplied
    ? `${encoding.id} ${jsonText(params)} ${revision}`
    : `${encoding.id}?${encodeQuery({ ...params, revision })}`;
  const canonicalUrl = table.supplied
    ? null
    : `/v1/tables/${encoding.id}.${format.extension}?${encodeQuery({ ...params, revision })}`;
  const description: FileDescription = {
    specs: table.tensors.map(({ spec }) => spec),
    identity: canonicalUrl ?? `sha256:${sha256(request)}`,
    encoding: encoding.id,
    params,
    profile: table.profile,
    revision,
    meta,
  };
  const identified = [format.name, format.revision, revision, request, variant];
  // JSON repeats meta, whose wording may change where no number does.
  if (isText) identified.push(jsonText(meta));
  return {
    table,
    format,
    layout: format.kind === 'binary' ? format.layout(description) : null,
    description,
    etag: sha256(identified.join('\n')),
    canonicalUrl,
    fileName: fileName(table, format),
    variant,
  };
}

function guaranteeOf({ encoding, profile }: TablePlan): { guarantee?: string } {
  const found = encoding.profiles.find(({ name }) => name === profile);
  return found ? { guarantee: found.guarantee } : {};
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Such as rope-cos-sin-8192x128-bf16.safetensors. */
function fileName({ encoding, tensors, available }: TablePlan, format: Format): string {
  const names = tensors.length > 3 || available.length === 1 ? [] : tensors.map(({ spec }) => spec.name);
  const first = tensors[0]!.spec;
  const parts = [
    encoding.id,
    ...names,
    ...(first.shape.length > 0 ? [first.shape.join('x')] : []),
    first.dtype,
  ];
  return `${parts.join('-')}.${format.extension}`;
}
