import type { FastifyInstance } from 'fastify';
import { PosencError } from '../errors.js';
import type { Exchanges } from './exchanges.js';
import type { Lifecycle } from './lifecycle.js';
import type { BuildInfo } from './metrics.js';

/** What the summary tells beside the state. */
export interface HealthSources extends BuildInfo {
  readonly lifecycle: Lifecycle;
  readonly exchanges: Exchanges;
}

/** Whether the process turns, whether it takes work, and a summary for people. They are answered in every state. */
export function serveHealth(
  app: FastifyInstance,
  { lifecycle, exchanges, version, revision }: HealthSources,
): void {
  const probe = { config: { probe: true } };
  const started = performance.now();

  app.get('/livez', probe, (_request, reply) => {
    reply.header('Cache-Control', 'no-store').send({ status: 'ok' });
  });

  app.get('/readyz', probe, (_request, reply) => {
    const { state, waitingFor } = lifecycle;
    if (state === 'ready') {
      reply.header('Cache-Control', 'no-store').send({ status: 'ready' });
      return;
    }
    if (state === 'starting') {
      throw new PosencError('overloaded', `the service is starting: ${waitingFor.join(', ')}`, {
        extras: { state, waiting_for: waitingFor },
      });
    }
    throw new PosencError('shutting_down', 'the service takes no more work', { extras: { state } });
  });

  app.get('/healthz', probe, (_request, reply) => {
    const { rss, heapUsed } = process.memoryUsage();
    reply.header('Cache-Control', 'no-store').send({
      status: lifecycle.state,
      version,
      revision,
      node: process.version,
      uptime_s: Math.round((performance.now() - started) / 1000),
      requests_running: exchanges.running,
      rss_bytes: rss,
      heap_used_bytes: heapUsed,
    });
  });
}
