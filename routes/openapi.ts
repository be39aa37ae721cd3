import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { makeDocument, type StaticDocument, sendDocument } from '../src/http/document.js';
import { documentSchema } from '../src/http/openapi-operation.js';

const schema = documentSchema({
  operationId: 'getOpenapi',
  tag: 'documentation',
  summary: 'This document',
  description: 'OpenAPI 3.1, made from the schemas that the service validates with.',
  body: z
    .looseObject({
      openapi: z.literal('3.1.0'),
      info: z.looseObject({}),
      paths: z.looseObject({}),
      components: z.looseObject({}),
    })
    .describe('An OpenAPI document.'),
  examples: [{ title: 'The document', path: '/openapi.json' }],
});

/** The OpenAPI document of the routes that are registered in this scope. */
export function openapiRoutes(app: FastifyInstance): void {
  // Made at the first request: the document is complete once the app is ready.
  let document: StaticDocument | undefined;
  app.get('/openapi.json', { schema }, (request, reply) => {
    document ??= makeDocument(app.swagger());
    return sendDocument(request, reply, document);
  });
}
