import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { instanceOf } from './problem.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set while the request is served; null where the URL could not be read. */
    exchange: Exchange | null;
  }
}

/** What is told of a request. */
export interface Asked {
  readonly requestId: string;
  readonly method: string;
  /** As a URI reference, without the query. */
  readonly path: string;
  /** Pattern of the route, or null where none matched. */
  readonly route: string | null;
  /** Address of the client, as a trusted proxy says or as the connection has it. It is gone once the client is. */
  readonly client: string;
}

/** One request and its response, from the first hook to the last byte. */
export interface Exchange {
  readonly asked: Asked;
  readonly response: ServerResponse;
  readonly socket: Socket;
  /** `performance.now()`, in ms. */
  readonly started: number;
  /** Bytes the connection had carried to the client before. */
  readonly bytesBefore: number;
}

/** How an exchange ended. */
export interface Outcome {
  /** The client left before the last byte was handed over. */
  readonly aborted: boolean;
  /** As sent; 499 where the client left before a status was sent. */
  readonly status: number;
  readonly milliseconds: number;
  /** Written to the connection for this response, its head included. */
  readonly bytes: number;
}

export type Observer = (exchange: Exchange, outcome: Outcome) => void;

/**
 * Which exchanges are open on which connection. A response tells by `finish` that it is done, but nobody tells for
 * the responses that are queued when a client leaves (pipelining): their connection does. So every exchange ends
 * exactly once, at `finish` or when its connection closes.
 */
export class Exchanges {
  /** In order of arrival. Arrays, because nearly all hold one at most and are emptied at every turn. */
  private readonly open = new Map<Socket, Exchange[]>();

  constructor(private readonly observers: readonly Observer[]) {}

  /** Connections, busy or not. */
  get connections(): Iterable<Socket> {
    return this.open.keys();
  }

  /** Number of exchanges under way. */
  get running(): number {
    let sum = 0;
    for (const exchanges of this.open.values()) sum += exchanges.length;
    return sum;
  }

  /** Exchanges under way on a connection, in order of arrival. */
  on(socket: Socket): readonly Exchange[] {
    return [...(this.open.get(socket) ?? [])];
  }

  /** Follows a connection until it closes. */
  connect(socket: Socket): Exchange[] {
    let exchanges = this.open.get(socket);
    if (!exchanges) {
      exchanges = [];
      this.open.set(socket, exchanges);
      socket.once('close', () => {
        for (const exchange of this.on(socket)) this.end(exchange, true);
        this.open.delete(socket);
      });
    }
    return exchanges;
  }

  /** @param socket The connection: a response that waits for the one before it has none yet. */
  begin(asked: Asked, socket: Socket, response: ServerResponse): Exchange {
    const exchange: Exchange = {
      asked,
      response,
      socket,
      started: performance.now(),
      bytesBefore: socket.bytesWritten ?? 0,
    };
    this.connect(socket).push(exchange);
    return exchange;
  }

  /** Ends an exchange; a second call does nothing. */
  end(exchange: Exchange, aborted: boolean): void {
    const { socket, response, started, bytesBefore } = exchange;
    const exchanges = this.open.get(socket);
    const at = exchanges?.indexOf(exchange) ?? -1;
    if (at < 0) return;
    exchanges?.splice(at, 1);
    const outcome: Outcome = {
      aborted,
      status: aborted && !response.headersSent ? 499 : response.statusCode,
      milliseconds: performance.now() - started,
      bytes: (socket.bytesWritten ?? 0) - bytesBefore,
    };
    for (const observe of this.observers) observe(exchange, outcome);
  }
}

/** Opens the exchange of a request that Fastify has. */
export function beginRouted(exchanges: Exchanges, request: FastifyRequest, reply: FastifyReply): Exchange {
  const asked = {
    requestId: request.id,
    method: request.method,
    path: instanceOf(request.raw.url ?? ''),
    route: request.is404 ? null : (request.routeOptions.url ?? null),
    client: request.ip,
  };
  return exchanges.begin(asked, request.raw.socket, reply.raw);
}

/** Opens an exchange for every request that is routed, and gives every response its request id. */
export function followExchanges(app: FastifyInstance, exchanges: Exchanges): void {
  app.server.on('connection', (socket) => exchanges.connect(socket));
  app.decorateRequest('exchange', null);
  app.addHook('onRequest', (request, reply, done) => {
    request.exchange = beginRouted(exchanges, request, reply);
    reply.header('X-Request-Id', request.id);
    done();
  });
  app.addHook('onResponse', (request, _reply, done) => {
    if (request.exchange) exchanges.end(request.exchange, false);
    done();
  });
}
