import type { FastifyReply, FastifyRequest } from 'fastify';
import { PosencError } from '../errors.js';
import { evaluatePreconditions } from './conditional.js';

/** Headers of a 304: what a cache needs to know of the copy it has (RFC 9110, 15.4.5). */
export function notModifiedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const names = ['etag', 'cache-control', 'content-location'];
  return Object.fromEntries(Object.entries(headers).filter(([name]) => names.includes(name)));
}

/**
 * Answers 304 where the preconditions of a request say that the client has the representation already.
 *
 * @param headers Of the representation, by name in lower case.
 * @returns Whether the request is answered.
 * @throws PosencError `precondition_failed`.
 */
export function answeredByPreconditions(
  { method, headers: { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } }: FastifyRequest,
  reply: FastifyReply,
  headers: Readonly<Record<string, string>>,
): boolean {
  if (ifMatch === undefined && ifNoneMatch === undefined) return false;
  const { etag = '' } = headers;
  const outcome = evaluatePreconditions({ method, ifMatch, ifNoneMatch }, etag);
  if (outcome === 'precondition_failed') {
    throw new PosencError('precondition_failed', `the entity tag is ${etag}`, { headers: { etag } });
  }
  if (outcome === 'proceed') return false;
  reply.code(304).headers(notModifiedHeaders(headers)).send();
  return true;
}
