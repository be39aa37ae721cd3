import type { FastifyBaseLogger } from 'fastify';
import type { Observer } from './exchanges.js';
import { instanceOf } from './problem.js';

/** One line a request, when its last byte has been handed over or its client has left. */
export function accessLog(log: FastifyBaseLogger): Observer {
  return ({ request, client, route }, { status, bytes, milliseconds, aborted }) => {
    if (log.level === 'silent') return;
    log.info(
      {
        client,
        method: request.method,
        route,
        path: instanceOf(request.raw.url ?? ''),
        status,
        bytes,
        ms: Math.round(milliseconds * 1000) / 1000,
        request_id: request.id,
        ...(aborted && { aborted }),
      },
      'request',
    );
  };
}
