import type { FastifyInstance, FastifyRequest } from 'fastify';
import { PosencError } from '../errors.js';
import type { Lifecycle } from './lifecycle.js';
import { instanceOf } from './problem.js';

/** Methods that a route may have; HEAD comes with GET, OPTIONS with every path. */
const routedMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Methods of a path, as the router itself finds them; empty where there is no such path. */
function allowedMethods(app: FastifyInstance, target: string): string[] {
  if (target === '*') return ['GET', 'HEAD', 'POST', 'OPTIONS'];
  const methods: string[] = routedMethods.filter((method) => app.findRoute({ method, url: target }) !== null);
  return methods.length > 0 ? [...methods, 'OPTIONS'] : [];
}

/** A preflight of CORS is no question about the resource (Fetch standard, CORS-preflight request). */
function isPreflight(request: FastifyRequest): boolean {
  return (
    request.headers.origin !== undefined && request.headers['access-control-request-method'] !== undefined
  );
}

/** Answers OPTIONS with the methods of a path. Stands before CORS, which keeps the preflights. */
export function answerOptions(app: FastifyInstance, leavePreflights: boolean): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (request.method !== 'OPTIONS' || (leavePreflights && isPreflight(request))) {
      done();
      return;
    }
    const allow = allowedMethods(app, request.raw.url ?? '');
    if (allow.length === 0) {
      done(new PosencError('not_found', `there is nothing at ${instanceOf(request.raw.url ?? '')}`));
      return;
    }
    reply.code(204).header('Allow', allow.join(', ')).send();
  });
}

/**
 * Refuses, before a body is read, what no route should see: a request without Host (400, RFC 9112, 3.2), a URL that is too long (414), an expectation (417),
 * a path that does not exist (404) or has no such method (405), anything once the service is closing (503).
 */
export function guardRequests(app: FastifyInstance, lifecycle: Lifecycle, urlBytes: number): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { url: target = '', headers, httpVersion } = request.raw;
    if (headers.host === undefined && httpVersion === '1.1') {
      reply.header('Connection', 'close');
      done(new PosencError('bad_request', 'the Host header is missing'));
      return;
    }
    if (target.length > urlBytes) {
      const detail = `the URL has ${target.length} bytes, the limit is ${urlBytes}; send the parameters in a POST body`;
      done(
        new PosencError('url_too_long', detail, { extras: { limit: urlBytes, requested: target.length } }),
      );
      return;
    }
    if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue') {
      done(new PosencError('expectation_failed', 'the only expectation that can be met is 100-continue'));
      return;
    }
    if (request.is404) {
      const allow = allowedMethods(app, target);
      const path = instanceOf(target);
      done(
        allow.length === 0
          ? new PosencError('not_found', `there is nothing at ${path}`)
          : new PosencError('method_not_allowed', `${path} has the methods ${allow.join(', ')}`, {
              headers: { Allow: allow.join(', ') },
            }),
      );
      return;
    }
    if (lifecycle.state !== 'ready') {
      // A client that comes back later must come on a new connection, which the next instance takes.
      if (lifecycle.stopping) reply.header('Connection', 'close');
      if (lifecycle.state === 'closing' && request.routeOptions.config.probe !== true) {
        done(new PosencError('shutting_down', 'the service is shutting down'));
        return;
      }
    }
    done();
  });
}
