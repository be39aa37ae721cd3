import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { AppContext } from '../src/context.js';
import type { AnyEncoding } from '../src/encodings/define.js';
import { PosencError } from '../src/errors.js';
import { makeDocument, sendDocument } from '../src/http/document.js';
import { propertiesOf } from '../src/http/json-schema.js';
import { documentSchema } from '../src/http/openapi-operation.js';
import type { JsonSchema } from '../src/http/openapi-types.js';
import { type TableLimits, tableParameters } from '../src/table.js';

const status = z
  .enum(['official', 'third_party', 'reconstructed'])
  .describe("Where the formula comes from: the authors' code or text, someone else's code, or our reading.");

const list = z
  .object({
    revision: z.string().describe('Kernel revision.'),
    encodings: z.array(
      z.object({ id: z.string(), title: z.string(), status }).meta({ id: 'EncodingSummary' }),
    ),
  })
  .meta({ id: 'EncodingList' });

const bounds = z
  .object({
    minimum: z.number(),
    maximum: z.number(),
    exclusive_minimum: z.number(),
    min_items: z.int().min(0),
    max_items: z.int().min(0),
  })
  .partial()
  .meta({ id: 'Bounds' });

const detail = z
  .object({
    id: z.string(),
    title: z.string(),
    summary: z.string(),
    status,
    status_note: z.string(),
    params: z.looseObject({}).describe('JSON Schema 2020-12 of the parameters, as POST takes them.'),
    tensors: z.array(
      z
        .object({
          name: z.string(),
          shape: z.array(z.string()).describe('Sides, as letters or numbers.'),
          kind: z.enum(['float', 'index', 'mask', 'complex', 'f64']).describe('Decides the dtypes.'),
          description: z.string(),
        })
        .meta({ id: 'TensorDescription' }),
    ),
    profiles: z.array(z.object({ name: z.string(), guarantee: z.string() }).meta({ id: 'Profile' })),
    references: z.array(z.object({ title: z.string(), url: z.url() }).meta({ id: 'Publication' })),
    examples: z.array(z.object({ title: z.string(), params: z.looseObject({}) }).meta({ id: 'Example' })),
    limits: z.object({
      table_bytes: z.int().min(1),
      text_elements: z.int().min(1),
      parameters: z.record(z.string(), bounds).describe('Bounds of each parameter that has some.'),
    }),
  })
  .meta({ id: 'Encoding' });

/** Keywords of JSON Schema that bound a value, and their names in the answer. */
const boundNames = {
  minimum: 'minimum',
  maximum: 'maximum',
  exclusiveMinimum: 'exclusive_minimum',
  minItems: 'min_items',
  maxItems: 'max_items',
} as const;

function boundsOf(schema: JsonSchema): [string, unknown][] {
  return Object.entries(boundNames).flatMap(([keyword, name]) =>
    schema[keyword] === undefined ? [] : [[name, schema[keyword]]],
  );
}

/** All that can be said of an encoding without computing. */
function describe(encoding: AnyEncoding, { table_bytes, text_elements }: TableLimits) {
  const parameters = tableParameters(encoding);
  const bounded = [...propertiesOf(parameters).properties]
    .map(([name, schema]) => [name, Object.fromEntries(boundsOf(schema))] as const)
    .filter(([, found]) => Object.keys(found).length > 0);
  return {
    id: encoding.id,
    title: encoding.title,
    summary: encoding.summary,
    status: encoding.status.level,
    status_note: encoding.status.note,
    params: z.toJSONSchema(z.strictObject(parameters.shape), { io: 'input' }),
    tensors: encoding.tensorDocs,
    profiles: encoding.profiles,
    references: encoding.references,
    examples: encoding.examples,
    limits: { table_bytes, text_elements, parameters: Object.fromEntries(bounded) },
  };
}

/** The catalogue of encodings, and everything about each of them. */
export function encodingsRoutes(app: FastifyInstance, { encodings, limits, revision }: AppContext): void {
  const catalogue = makeDocument({
    revision,
    encodings: encodings.map(({ id, title, status: { level } }) => ({ id, title, status: level })),
  });
  const ids = encodings.map(({ id }) => id);
  const listSchema = documentSchema({
    operationId: 'listEncodings',
    tag: 'catalogue',
    summary: 'All encodings',
    description: 'The encodings that can be computed, in the order of the catalogue.',
    body: list,
    examples: [{ title: 'The catalogue', path: '/v1/encodings' }],
  });
  app.get('/v1/encodings', { schema: listSchema }, (request, reply) =>
    sendDocument(request, reply, catalogue),
  );

  const documents = new Map(
    encodings.map((encoding) => [encoding.id, makeDocument(describe(encoding, limits))]),
  );
  const detailSchema = documentSchema({
    operationId: 'getEncoding',
    tag: 'catalogue',
    summary: 'One encoding',
    description: 'Parameters, tensors, profiles, references, examples and limits of an encoding.',
    body: detail,
    parameters: [
      {
        name: 'id',
        in: 'path',
        required: true,
        description: 'Id of the encoding.',
        schema: { type: 'string', enum: ids },
        example: ids[0],
      },
    ],
    errors: ['unknown_encoding'],
    examples: encodings.map(({ id, title }) => ({ title, path: `/v1/encodings/${id}` })),
  });
  app.get<{ Params: { id: string } }>('/v1/encodings/:id', { schema: detailSchema }, (request, reply) => {
    const { id } = request.params;
    const document = documents.get(id);
    if (!document) {
      throw new PosencError('unknown_encoding', `there is no encoding ${id}; there are ${ids.join(', ')}`);
    }
    return sendDocument(request, reply, document);
  });
}
