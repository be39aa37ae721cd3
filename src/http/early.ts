import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Exchanges } from './exchanges.js';
import type { Lifecycle } from './lifecycle.js';
import { requestIdOf } from './request-id.js';

/** An answer that needs nothing but to be written. */
export interface ReadyAnswer {
  readonly status: 200 | 304;
  /** name, value, name, value …; all headers but those that every response has its own of. */
  readonly head: readonly string[];
  /** A text of one character a byte, or bytes; null where the response has none. */
  readonly body: string | Uint8Array | null;
  /** Pattern of the route that would have answered the same. */
  readonly route: string;
  /** As a URI reference, without the query. */
  readonly path: string;
}

/** The answer to a GET of `target` where it is ready, and is the one that the route would give. */
export type FindReady = (target: string, headers: IncomingHttpHeaders) => ReadyAnswer | null;

/**
 * Whether the way through hooks and routes would change nothing: a GET as most are, without anything that a hook
 * looks at. What is left out here is not refused, it takes that way.
 */
function isPlain({ method, httpVersionMinor, headers }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    httpVersionMinor === 1 &&
    headers.host !== undefined &&
    headers.expect === undefined &&
    headers['content-length'] === undefined &&
    headers['transfer-encoding'] === undefined
  );
}

export interface EarlySources {
  readonly exchanges: Exchanges;
  readonly lifecycle: Lifecycle;
  /** The client's address may stand in a header, which is Fastify's to read. */
  readonly behindProxies: boolean;
}

/**
 * Sends answers that are ready before Fastify sees the request, for to route one and to pass it through the hooks
 * costs more than such an answer. It is counted, logged and headed like any other.
 */
export function answerEarly(
  app: FastifyInstance,
  find: FindReady,
  { exchanges, lifecycle, behindProxies }: EarlySources,
): void {
  let open = true;
  app.addHook('preClose', async () => {
    open = false;
  });

  const answer = (request: IncomingMessage, response: ServerResponse): boolean => {
    const { headers, socket, url: target } = request;
    if (!open || lifecycle.state !== 'ready' || target === undefined || !isPlain(request)) return false;
    if (behindProxies && headers['x-forwarded-for'] !== undefined) return false;
    const ready = find(target, headers);
    if (!ready) return false;

    const requestId = requestIdOf(headers);
    const { status, head, body, route, path } = ready;
    const asked = { requestId, method: 'GET', path, route, client: socket.remoteAddress ?? '' };
    const exchange = exchanges.begin(asked, socket, response);
    response.writeHead(
      status,
      status === 200
        ? [...head, 'x-request-id', requestId, 'server-timing', timing(exchange.started)]
        : [...head, 'x-request-id', requestId],
    );
    if (typeof body === 'string') response.end(body, 'latin1');
    else response.end(body ?? undefined);
    // Nearly always the kernel has taken it all by now; a listener a response is what can be saved then.
    if (response.socket && response.socket.writableLength === 0) exchanges.end(exchange, false);
    else response.once('finish', () => exchanges.end(exchange, false));
    return true;
  };

  // Fastify's own listener takes what is not answered here.
  const [route] = app.server.listeners('request') as ((
    request: IncomingMessage,
    response: ServerResponse,
  ) => void)[];
  app.server.removeAllListeners('request');
  app.server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (!answer(request, response)) route?.(request, response);
  });
}

/** `Server-Timing` of a response whose request came at `started`, in ms of `performance.now()`. */
export function timing(started: number): string {
  return `prepare;dur=${(performance.now() - started).toFixed(2)}`;
}
