import type { FastifySchema } from 'fastify';
import type { z } from 'zod';
import type { ErrorCode } from '../errors.js';
import { jsonSchema } from './json-schema.js';
import { headers } from './openapi-headers.js';
import { problems } from './openapi-problems.js';
import type { Operation, Parameter, Reference, Response } from './openapi-types.js';

declare module 'fastify' {
  interface FastifySchema {
    /** The route as the OpenAPI document has it. */
    'x-operation'?: Operation;
  }
}

/** Documents a route: the operation goes into the OpenAPI document as it stands. Nothing is validated by it. */
export function documented(operation: Operation): FastifySchema {
  return { 'x-operation': operation };
}

/** Conditional requests: what every representation with an entity tag understands. */
export const conditions: readonly Reference[] = [
  { $ref: '#/components/parameters/IfMatch' },
  { $ref: '#/components/parameters/IfNoneMatch' },
];

/** What a GET of a small JSON resource is described by. */
export interface Resource {
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  readonly body: z.ZodType;
  readonly parameters?: readonly Parameter[];
  readonly errors?: readonly ErrorCode[];
  /** Paths that work. */
  readonly examples: readonly { readonly title: string; readonly path: string }[];
}

function operationOf(
  { operationId, tag, summary, description, errors = [], examples }: Resource,
  parameters: readonly (Parameter | Reference)[],
  responses: Record<string, Response>,
): FastifySchema {
  return documented({
    operationId,
    tags: [tag],
    summary,
    description,
    ...(parameters.length > 0 && { parameters }),
    responses: { ...responses, ...problems(...errors) },
    'x-posenc-examples': examples,
  });
}

/** A JSON document with an entity tag, compressed where asked for. */
export function documentSchema(resource: Resource): FastifySchema {
  const shared = ['ETag', 'Cache-Control', 'Vary', 'X-Request-Id'] as const;
  return operationOf(
    { ...resource, errors: [...(resource.errors ?? []), 'precondition_failed'] },
    [...(resource.parameters ?? []), ...conditions],
    {
      200: {
        description: resource.summary,
        headers: headers(...shared, 'Accept-Ranges', 'Content-Length', 'Content-Encoding'),
        content: { 'application/json': { schema: jsonSchema(resource.body) } },
      },
      304: { description: 'The client has it already.', headers: headers(...shared) },
    },
  );
}

/** The state of the moment: never kept, in the media type given. */
export function momentSchema(resource: Resource, mediaType = 'application/json'): FastifySchema {
  return operationOf(resource, resource.parameters ?? [], {
    200: {
      description: resource.summary,
      headers: headers('Cache-Control', 'Content-Length', 'Vary', 'X-Request-Id'),
      content: { [mediaType]: { schema: jsonSchema(resource.body) } },
    },
  });
}
