import type { FastifyInstance } from 'fastify';
import type { AppContext } from '../src/context.js';
import { collectOpenapi } from '../src/http/openapi.js';
import { backendsRoutes } from './backends.js';
import { docsRoutes } from './docs.js';
import { encodingsRoutes } from './encodings.js';
import { healthRoutes } from './health.js';
import { limitsRoutes } from './limits.js';
import { openapiRoutes } from './openapi.js';
import { registerTables } from './tables.js';

/** Every route, one file a resource. */
export async function registerRoutes(app: FastifyInstance, context: AppContext): Promise<void> {
  await collectOpenapi(app, context.config.basePath, context.version);
  registerTables(app, context);
  encodingsRoutes(app, context);
  backendsRoutes(app, context);
  limitsRoutes(app, context);
  healthRoutes(app, context);
  openapiRoutes(app);
  if (context.config.docs) await docsRoutes(app, context.config.basePath);
}
