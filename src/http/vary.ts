import type { FastifyReply } from 'fastify';

/** Adds request headers to `Vary`, beside what stands there: CORS has its own. */
export function addVary(reply: FastifyReply, ...names: readonly string[]): void {
  const before = reply.getHeader('vary');
  reply.header('Vary', [...(before === undefined ? [] : [String(before)]), ...names].join(', '));
}
