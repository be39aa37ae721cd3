import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { hoistDefinitions, isObject, usedComponents } from './openapi-assembly.js';
import { headerComponents } from './openapi-headers.js';
import { parameterComponents } from './openapi-parameters.js';
import { problemComponents } from './openapi-problems.js';

/** Groups of operations, in the order of the page. */
export const tags = [
  { name: 'tables', description: 'Position-encoding tables as virtual files.' },
  { name: 'catalogue', description: 'What can be computed, by whom, and within which limits.' },
  { name: 'operation', description: 'Probes and metrics for whoever runs the service.' },
  { name: 'documentation', description: 'This document.' },
] as const;

const description = `Tables of position encodings for transformers, computed on request.

A table is a pure function of its URL: length and entity tag are known before a number is computed, any byte
range of a binary format can be asked for, and a URL that names the \`revision\` may be kept for ever.

Every GET is answered to HEAD as well, with the same headers and no body. A path that exists answers other
methods with 405 and \`Allow\`. Errors are \`application/problem+json\` (RFC 9457) with a stable \`code\`.

Numbers in JSON are the shortest decimals that read back to the same value of the tensor's dtype; what JSON
has no number for is one of the strings \`"Infinity"\`, \`"-Infinity"\`, \`"NaN"\`.`;

/** Methods that the document shows; HEAD and OPTIONS go without saying. */
const shown = ['get', 'post'];

/** Each path with the operations that its routes document. */
function operations(paths: unknown): Record<string, Record<string, unknown>> {
  if (!isObject(paths)) return {};
  return Object.fromEntries(
    Object.entries(paths).map(([path, item]) => [
      path,
      Object.fromEntries(isObject(item) ? methodsOf(item) : []),
    ]),
  );
}

function methodsOf(item: Readonly<Record<string, unknown>>): [string, unknown][] {
  return shown.flatMap((method) => {
    const operation = item[method];
    if (!isObject(operation)) return [];
    return [[method, operation['x-operation'] ?? operation]];
  });
}

/**
 * Collects the routes that are registered after it, in this scope, into an OpenAPI 3.1 document: `app.swagger()`
 * once the app is ready. A route stands in it with the operation that its schema holds ({@link documented}).
 *
 * @param basePath Path under which all routes stand, or empty; it becomes the URL of the server.
 */
export async function collectOpenapi(app: FastifyInstance, basePath: string, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'posenc',
        version,
        summary: 'Position-encoding tables for transformers, served over HTTP as virtual tensor files',
        description,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: basePath || '/' }],
      // Nothing asks for credentials; said so that nobody has to wonder.
      security: [],
      tags: [...tags],
    },
    convertConstToEnum: false,
    transformObject: (document) => {
      if (!('openapiObject' in document)) throw new Error('only OpenAPI documents are made here');
      const { openapiObject } = document;
      const schemas = new Map<string, Readonly<Record<string, unknown>>>();
      const paths = hoistDefinitions(operations(openapiObject.paths), schemas);
      const responses = hoistDefinitions(problemComponents, schemas);
      const components = usedComponents(paths, {
        headers: headerComponents,
        parameters: parameterComponents,
        responses,
        schemas: Object.fromEntries(schemas),
      });
      return Object.assign(openapiObject, { paths, components });
    },
  });
}
