import type { z } from 'zod';
import type { AnyEncoding } from '../src/encodings/define.js';
import { formats } from '../src/formats/index.js';
import { propertiesOf } from '../src/http/json-schema.js';
import type { JsonSchema, Parameter } from '../src/http/openapi-types.js';
import { tableParameters } from '../src/table.js';

const extensions = formats.map(({ extension }) => extension);

/** The part of the path after the dot. `example` is an extension that works for the first example. */
export function extensionParameter(example: string): Parameter {
  return {
    name: 'ext',
    in: 'path',
    required: true,
    description: 'The format.',
    schema: { type: 'string', enum: extensions },
    example,
  };
}

function isFlatList({ type, items }: JsonSchema): boolean {
  return type === 'array' && typeof items === 'object' && items !== null && !('items' in items);
}

/** How a value stands in a query: scalars as they are, flat lists comma-separated, anything deeper as JSON text. */
function serialization(schema: JsonSchema): Partial<Parameter> {
  if (isFlatList(schema)) return { schema, style: 'form', explode: false };
  const nested = schema.type === 'array' || schema.type === 'object';
  return nested ? { content: { 'application/json': { schema } } } : { schema };
}

/**
 * The query parameters of a table, in canonical order. The values of `example` stand beside the parameters they
 * belong to and nowhere else, so that whoever takes each parameter's example gets one call that works.
 */
export function queryParameters(
  encoding: AnyEncoding,
  example: Readonly<Record<string, unknown>>,
): Parameter[] {
  const schema: z.ZodObject = tableParameters(encoding);
  const { properties, required } = propertiesOf(schema);
  const supplied = new Set(encoding.supplied);
  return [...properties]
    .filter(([name]) => !supplied.has(name))
    .map(([name, { description, ...property }]) => ({
      name,
      in: 'query',
      ...(typeof description === 'string' && { description }),
      ...(required.has(name) && { required: true }),
      ...serialization(property),
      ...(name in example && { example: example[name] }),
    }));
}
