import { z } from 'zod';
import type { JsonSchema } from './openapi-types.js';

/** What a generated client makes of a plain `integer` or `number` may be 32 bits wide; these are its other widths. */
const wide: NonNullable<Parameters<typeof z.toJSONSchema>[1]> = {
  io: 'input',
  override: ({ jsonSchema: { type, maximum = Number.POSITIVE_INFINITY }, jsonSchema }) => {
    if (type === 'number') jsonSchema.format = 'double';
    if (type === 'integer' && maximum > 2 ** 31 - 1) jsonSchema.format = 'int64';
  },
};

/**
 * A zod schema as JSON Schema 2020-12 with the number formats of OpenAPI. Schemas with an id (`.meta({ id })`) stand under `$defs` and are referred
 * to, the outermost one too; the assembly of the document moves them to its components.
 *
 * The input side is described, so a parameter with a default is not required. Responses therefore carry no
 * defaults of zod's: their two sides are the same.
 */
export function jsonSchema(schema: z.ZodType): JsonSchema {
  // An id on the outermost schema would be passed over: only what is inside another becomes a reference.
  const holder = z.toJSONSchema(z.object({ it: schema }), wide);
  const it = holder.properties?.it;
  if (typeof it !== 'object') throw new Error('zod described no schema');
  return { ...it, ...(holder.$defs && { $defs: holder.$defs }) };
}

/** Properties of a zod object as JSON Schemas of their own, in the order of the object, and which are required. */
export function propertiesOf(schema: z.ZodObject): {
  readonly properties: ReadonlyMap<string, JsonSchema>;
  readonly required: ReadonlySet<string>;
} {
  const { properties = {}, required = [] } = z.toJSONSchema(z.object(schema.shape), wide);
  return {
    properties: new Map(
      Object.entries(properties).flatMap(([name, property]) =>
        typeof property === 'object' ? [[name, { ...property }]] : [],
      ),
    ),
    required: new Set(required),
  };
}
