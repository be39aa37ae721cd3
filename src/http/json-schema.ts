import { z } from 'zod';
import type { JsonSchema } from './openapi-types.js';

/**
 * A zod schema as JSON Schema 2020-12. Schemas with an id (`.meta({ id })`) stand under `$defs` and are referred
 * to, the outermost one too; the assembly of the document moves them to its components.
 *
 * The input side is described, so a parameter with a default is not required. Responses therefore carry no
 * defaults of zod's: their two sides are the same.
 */
export function jsonSchema(schema: z.ZodType): JsonSchema {
  // An id on the outermost schema would be passed over: only what is inside another becomes a reference.
  const holder = z.toJSONSchema(z.object({ it: schema }), { io: 'input' });
  const it = holder.properties?.it;
  if (typeof it !== 'object') throw new Error('zod described no schema');
  return { ...it, ...(holder.$defs && { $defs: holder.$defs }) };
}

/** Properties of a zod object as JSON Schemas of their own, in the order of the object, and which are required. */
export function propertiesOf(schema: z.ZodObject): {
  readonly properties: ReadonlyMap<string, JsonSchema>;
  readonly required: ReadonlySet<string>;
} {
  const { properties = {}, required = [] } = z.toJSONSchema(z.object(schema.shape), { io: 'input' });
  return {
    properties: new Map(
      Object.entries(properties).flatMap(([name, property]) =>
        typeof property === 'object' ? [[name, { ...property }]] : [],
      ),
    ),
    required: new Set(required),
  };
}
