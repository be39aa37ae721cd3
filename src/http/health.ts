import type { FastifyInstance, FastifySchema } from 'fastify';
import { z } from 'zod';
import { PosencError } from '../errors.js';
import type { Exchanges } from './exchanges.js';
import type { Lifecycle } from './lifecycle.js';
import type { BuildInfo } from './metrics.js';
import { momentSchema } from './openapi-operation.js';

/** What the summary tells beside the state. */
export interface HealthSources extends BuildInfo {
  readonly lifecycle: Lifecycle;
  readonly exchanges: Exchanges;
}

const livez = momentSchema({
  operationId: 'getLiveness',
  tag: 'operation',
  summary: 'Whether the process turns',
  description: 'Answers in every state; a process that does not answer should be restarted.',
  body: z.object({ status: z.literal('ok') }).meta({ id: 'Liveness' }),
  examples: [{ title: 'Liveness', path: '/livez' }],
});

const readyz = momentSchema({
  operationId: 'getReadiness',
  tag: 'operation',
  summary: 'Whether the service takes work',
  description: '503 while it starts and from the signal to stop on.',
  body: z.object({ status: z.literal('ready') }).meta({ id: 'Readiness' }),
  errors: ['shutting_down'],
  examples: [{ title: 'Readiness', path: '/readyz' }],
});

const healthz = momentSchema({
  operationId: 'getHealth',
  tag: 'operation',
  summary: 'The state of the service, for people',
  description: 'Version, revision, uptime and memory of this process.',
  body: z
    .object({
      status: z.enum(['starting', 'ready', 'draining', 'closing']),
      version: z.string(),
      revision: z.string().describe('Kernel revision.'),
      node: z.string(),
      uptime_s: z.int().min(0),
      requests_running: z.int().min(0),
      rss_bytes: z.int().min(0),
      heap_used_bytes: z.int().min(0),
    })
    .meta({ id: 'Health' }),
  examples: [{ title: 'Health', path: '/healthz' }],
});

/** Whether the process turns, whether it takes work, and a summary for people. They are answered in every state. */
export function serveHealth(
  app: FastifyInstance,
  { lifecycle, exchanges, version, revision }: HealthSources,
): void {
  const probe = (schema: FastifySchema) => ({ schema, config: { probe: true } });
  const started = performance.now();

  app.get('/livez', probe(livez), (_request, reply) => {
    reply.header('Cache-Control', 'no-store').send({ status: 'ok' });
  });

  app.get('/readyz', probe(readyz), (_request, reply) => {
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

  app.get('/healthz', probe(healthz), (_request, reply) => {
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
