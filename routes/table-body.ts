import { z } from 'zod';
import type { AnyEncoding, TensorKind } from '../src/encodings/define.js';
import { tableParameters } from '../src/table.js';
import { floatDTypes, indexDTypes } from '../src/tensor/dtype.js';

/** `rope-frequencies` as `RopeFrequencies`. */
export function pascalCase(id: string): string {
  return id.replaceAll(/(?:^|-)([a-z0-9])/g, (_, first: string) => first.toUpperCase());
}

/** Of the deepest tensor, and one more for the parts of a complex number. */
const maxDepth = 4;

/** An element, or arrays of it as deep as the shape is long. Not recursive: many client generators cannot read that. */
function nested(id: string, element: z.ZodType, description: string): z.ZodType {
  const depths = [element];
  while (depths.length <= maxDepth) depths.push(z.array(depths[depths.length - 1]!));
  return z.union(depths).meta({ id, description });
}

const floatElement = z
  .union([z.number(), z.enum(['Infinity', '-Infinity', 'NaN'])])
  .meta({ id: 'FloatElement', description: 'What JSON has no number for is one of the strings.' });
const floatData = nested(
  'FloatData',
  floatElement,
  'Nested arrays, row-major; a scalar as one number. c64: [re, im].',
);
const indexData = nested('IndexData', z.int(), 'Nested arrays of integers, row-major.');
const maskData = nested('MaskData', z.boolean(), 'Nested arrays of booleans, row-major.');

function tensor(id: string, dtypes: readonly [string, ...string[]], data: z.ZodType) {
  return z.object({ dtype: z.enum(dtypes), shape: z.array(z.int().min(0)), data }).meta({ id });
}

const tensorSchemas: Readonly<Record<TensorKind, z.ZodType>> = {
  float: tensor('FloatTensor', floatDTypes, floatData),
  f64: tensor('Float64Tensor', ['f64'], floatData),
  complex: tensor('ComplexTensor', ['c64'], floatData),
  index: tensor('IndexTensor', indexDTypes, indexData),
  mask: tensor('MaskTensor', ['bool'], maskData),
};

const parameters = new WeakMap<AnyEncoding, z.ZodType>();

/** Every parameter of a table as a strict object: what POST takes, and what a JSON table says of itself. */
export function parametersSchema(encoding: AnyEncoding): z.ZodType {
  let schema = parameters.get(encoding);
  if (!schema) {
    schema = z.strictObject(tableParameters(encoding).shape).meta({
      id: `${pascalCase(encoding.id)}Parameters`,
      description: `Parameters of ${encoding.id}. Unknown ones are errors.`,
    });
    parameters.set(encoding, schema);
  }
  return schema;
}

const tableMeta = z
  .object({
    title: z.string(),
    guarantee: z.string().optional().describe('What the profile promises.'),
    backend: z.string().optional().describe('Who computed, where the bytes are not the reference ones.'),
  })
  .meta({ id: 'TableMeta' });

/** A table in JSON. */
export function tableSchema(encoding: AnyEncoding): z.ZodType {
  const name = pascalCase(encoding.id);
  const [first, ...more] = encoding.profiles.map(({ name }) => name);
  const tensors = encoding.tensorDocs.map(
    ({ name, kind, shape, description }) =>
      [name, tensorSchemas[kind].optional().describe(`[${shape.join(', ')}] ${description}`)] as const,
  );
  return z
    .object({
      encoding: z.literal(encoding.id),
      params: parametersSchema(encoding).describe('Every parameter in force; it can be posted back.'),
      profile: first === undefined ? z.null() : z.enum([first, ...more]),
      revision: z.string().describe('Kernel revision.'),
      tensors: z.object(Object.fromEntries(tensors)).meta({ id: `${name}Tensors` }),
      meta: tableMeta,
    })
    .meta({ id: `${name}Table`, description: encoding.title });
}

/** The answer to `digest=sha-256`. */
export const digestSchema = z
  .object({
    'sha-256': z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .describe('Lowercase hex.'),
    bytes: z.int().min(0).describe('Length of the file.'),
    etag: z.string().describe('Entity tag of the file.'),
    revision: z.string(),
  })
  .meta({ id: 'Digest', description: 'Digest of a whole binary file.' });
