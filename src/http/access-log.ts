import type { FastifyBaseLogger } from 'fastify';
import type { Observer } from './exchanges.js';

/** Microseconds are as fine as a request is worth. */
function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}

/** One line a request, when its last byte has been handed over or its client has left. */
export function accessLog(log: FastifyBaseLogger): Observer {
  return (
    { asked: { client, method, route, path, requestId } },
    { status, bytes, milliseconds, aborted },
  ) => {
    log.info(
      {
        client,
        method,
        route,
        path,
        status,
        bytes,
        ms: rounded(milliseconds),
        request_id: requestId,
        ...(aborted && { aborted }),
      },
      'request',
    );
  };
}

/**
 * The same lines as pino prints as JSON, printed here: for pino to print one takes a fifth of a small request.
 * Methods are those that Node knows, and routes, paths and ids hold nothing that JSON escapes.
 *
 * @param write Takes a line with its end.
 */
export function printedAccessLog(write: (line: string) => void): Observer {
  return (
    { asked: { client, method, route, path, requestId } },
    { status, bytes, milliseconds, aborted },
  ) => {
    write(
      `{"level":30,"time":${Date.now()},"client":${JSON.stringify(client)},"method":"${method}","route":${
        route === null ? 'null' : `"${route}"`
      },"path":"${path}","status":${status},"bytes":${bytes},"ms":${rounded(milliseconds)},"request_id":"${requestId}"${
        aborted ? ',"aborted":true' : ''
      },"msg":"request"}\n`,
    );
  };
}
