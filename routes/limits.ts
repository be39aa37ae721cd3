import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { AppContext } from '../src/context.js';
import { makeDocument, sendDocument } from '../src/http/document.js';
import { documentSchema } from '../src/http/openapi-operation.js';
import { describeLimits } from '../src/limits.js';

const limit = z
  .object({
    name: z.string(),
    value: z.int().min(0),
    unit: z.string(),
    reason: z.string().describe('Why there is a limit, and why there.'),
  })
  .meta({ id: 'Limit' });

const schema = documentSchema({
  operationId: 'listLimits',
  tag: 'catalogue',
  summary: 'Every limit in force',
  description:
    'What is refused, by name, with unit and reason; those of sizes are the settings of the operator.',
  body: z.object({ limits: z.array(limit) }).meta({ id: 'LimitList' }),
  examples: [{ title: 'The limits', path: '/v1/limits' }],
});

/** Every limit in force, with its unit and reason. */
export function limitsRoutes(app: FastifyInstance, { limits }: AppContext): void {
  const document = makeDocument(describeLimits(limits));
  app.get('/v1/limits', { schema }, (request, reply) => sendDocument(request, reply, document));
}
