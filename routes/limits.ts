import type { FastifyInstance } from 'fastify';
import type { AppContext } from '../src/app.js';
import { makeDocument, sendDocument } from '../src/http/document.js';
import { describeLimits } from '../src/limits.js';

/** Every limit in force, with its unit and reason. */
export function limitsRoutes(app: FastifyInstance, { limits }: AppContext): void {
  const document = makeDocument(describeLimits(limits));
  app.get('/v1/limits', (request, reply) => sendDocument(request, reply, document));
}
