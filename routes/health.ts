import type { FastifyInstance } from 'fastify';
import type { AppContext } from '../src/context.js';
import { serveHealth } from '../src/http/health.js';
import { serveMetrics } from '../src/http/metrics.js';

/** Probes and Prometheus. */
export function healthRoutes(app: FastifyInstance, context: AppContext): void {
  serveHealth(app, context);
  if (context.config.metrics) serveMetrics(app, context.metrics);
}
