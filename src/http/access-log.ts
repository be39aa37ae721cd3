import type { FastifyBaseLogger } from 'fastify';
import type { Observer } from './exchanges.js';

/** One line a request, when its last byte has been handed over or its client has left. */
export function accessLog(log: FastifyBaseLogger): Observer {
  return (
    { asked: { client, method, route, path, requestId } },
    { status, bytes, milliseconds, aborted },
  ) => {
    if (log.level === 'silent') return;
    log.info(
      {
        client,
        method,
        route,
        path,
        status,
        bytes,
        ms: Math.round(milliseconds * 1000) / 1000,
        request_id: requestId,
        ...(aborted && { aborted }),
      },
      'request',
    );
  };
}
