import { z } from 'zod';
import { type FieldError, PosencError, pointerTo } from './errors.js';

/** A number as JSON writes it; nothing else is one (no 0x40, no blank, no leading plus). */
const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** The type below `.default()` and `.optional()`. */
function unwrapped(type: z.ZodType): z.ZodType {
  return type instanceof z.ZodDefault || type instanceof z.ZodOptional
    ? unwrapped(type.unwrap() as z.ZodType)
    : type;
}

class Undecodable extends Error {}

function decodeNumber(text: string): number {
  if (!jsonNumber.test(text)) throw new Undecodable('must be a number, written as in JSON');
  return Number(text);
}

function decodeScalar(type: z.ZodType, text: string): unknown {
  const inner = unwrapped(type);
  if (inner instanceof z.ZodNumber) return decodeNumber(text);
  if (inner instanceof z.ZodBoolean) {
    if (text !== 'true' && text !== 'false') throw new Undecodable('must be true or false');
    return text === 'true';
  }
  if (inner instanceof z.ZodUnion) {
    return jsonNumber.test(text) ? Number(text) : text;
  }
  return text;
}

function isScalar(type: z.ZodType): boolean {
  const inner = unwrapped(type);
  return (
    inner instanceof z.ZodNumber ||
    inner instanceof z.ZodBoolean ||
    inner instanceof z.ZodString ||
    inner instanceof z.ZodEnum ||
    inner instanceof z.ZodLiteral
  );
}

/** One value of a query: scalars as they stand, flat lists comma-separated, anything deeper as JSON text. */
function decodeValue(type: z.ZodType, text: string): unknown {
  const inner = unwrapped(type);
  if (inner instanceof z.ZodArray && isScalar(inner.element as z.ZodType)) {
    if (text === '') throw new Undecodable('must have at least one element');
    return text.split(',').map((item, i) => {
      try {
        return decodeScalar(inner.element as z.ZodType, item);
      } catch (error) {
        throw error instanceof Undecodable ? new Undecodable(`element ${i} ${error.message}`) : error;
      }
    });
  }
  if (isScalar(inner) || inner instanceof z.ZodUnion) return decodeScalar(inner, text);
  try {
    return JSON.parse(text);
  } catch {
    throw new Undecodable('must be JSON');
  }
}

function decodeComponent(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new PosencError('bad_url', 'the query holds a percent sign that does not begin a UTF-8 escape');
  }
}

/** Splits a raw query string (without `?`) into names and values, decoded; nothing between two `&` is nothing. */
export function splitQuery(query: string): [string, string][] {
  const parts = query.split('&').filter((part) => part !== '');
  return parts.map((part) => {
    const at = part.indexOf('=');
    return at < 0
      ? [decodeComponent(part), '']
      : [decodeComponent(part.slice(0, at)), decodeComponent(part.slice(at + 1))];
  });
}

/** Parameters still to be validated, and the fields already known to be wrong. */
export interface RawParameters {
  readonly values: Readonly<Record<string, unknown>>;
  readonly errors: readonly FieldError[];
}

/**
 * Reads a query as parameters of `schema`. A repeated name, or a text that is no value of the parameter's type,
 * is an error of that field; unknown names are left to the schema. Throws `bad_url` for a broken escape.
 */
export function decodeQuery(schema: z.ZodObject, query: string): RawParameters {
  const values: Record<string, unknown> = Object.create(null);
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [name, text] of splitQuery(query)) {
    if (seen.has(name)) {
      errors.push({ pointer: pointerTo(name), detail: 'is given more than once' });
      continue;
    }
    seen.add(name);
    const type = Object.hasOwn(schema.shape, name) ? (schema.shape[name] as z.ZodType) : undefined;
    try {
      values[name] = type ? decodeValue(type, text) : text;
    } catch (error) {
      if (!(error instanceof Undecodable)) throw error;
      errors.push({ pointer: pointerTo(name), detail: error.message });
    }
  }
  return { values, errors };
}

/** The first error of each field. */
export function firstOfEachField(errors: readonly FieldError[]): FieldError[] {
  return errors.filter((error, i) => errors.findIndex((other) => other.pointer === error.pointer) === i);
}

/** One value as a query writes it, not yet percent-encoded. */
export function encodeValue(value: unknown): string {
  if (Array.isArray(value) && !value.some((item) => typeof item === 'object'))
    return value.map(String).join(',');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Parameters as a query string, in the order of the object; commas stay readable. */
export function encodeQuery(params: Readonly<Record<string, unknown>>): string {
  return Object.entries(params)
    .map(([name, value]) => `${name}=${encodeURIComponent(encodeValue(value)).replaceAll('%2C', ',')}`)
    .join('&');
}

/** The wrong fields of a zod error, in words; `field` is where the value stands that was validated. */
export function fieldErrors(error: z.ZodError, ...field: readonly string[]): FieldError[] {
  return error.issues.flatMap((issue) => {
    const path = [...field, ...issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))];
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        pointer: pointerTo(...path, key),
        detail: 'is not a parameter here',
      }));
    }
    if (
      issue.code === 'invalid_type' &&
      issue.input === undefined &&
      /received undefined/.test(issue.message)
    ) {
      return [{ pointer: pointerTo(...path), detail: 'is required' }];
    }
    return [{ pointer: pointerTo(...path), detail: issue.message }];
  });
}

/**
 * Validates each parameter by itself; unknown names are errors. `values` holds what is right, defaults filled in,
 * so that further rules can still be checked where some field is wrong; `errors` has one entry a field.
 */
export function checkParameters(schema: z.ZodObject, raw: RawParameters): RawParameters {
  const values: Record<string, unknown> = {};
  const errors = [...raw.errors];
  for (const [name, type] of Object.entries(schema.shape) as [string, z.ZodType][]) {
    const parsed = type.safeParse(Object.hasOwn(raw.values, name) ? raw.values[name] : undefined);
    if (!parsed.success) errors.push(...fieldErrors(parsed.error, name));
    else if (parsed.data !== undefined) values[name] = parsed.data;
  }
  for (const name of Object.keys(raw.values)) {
    if (!Object.hasOwn(schema.shape, name)) {
      errors.push({ pointer: pointerTo(name), detail: 'is not a parameter here' });
    }
  }
  return { values, errors: firstOfEachField(errors) };
}
