import type { FastifyInstance } from 'fastify';
import type { AppContext } from '../src/app.js';
import { healthRoutes } from './health.js';
import { limitsRoutes } from './limits.js';
import { registerTables } from './tables.js';

/** Every route, one file a resource. */
export function registerRoutes(app: FastifyInstance, context: AppContext): void {
  healthRoutes(app, context);
  limitsRoutes(app, context);
  registerTables(app, context);
}
