import { randomBytes } from 'node:crypto';

/** Nothing that could break a log line, a header or a shell. */
const safe = /^[A-Za-z0-9._-]{1,64}$/;

/** Differs from process to process; the counter differs within one. Cheaper than a UUID a request. */
const prefix = randomBytes(9).toString('hex');
let count = 0;

/** An id that no other request has. */
export function newRequestId(): string {
  count++;
  return `${prefix}-${count.toString(36)}`;
}

/** The id a client or gateway gave in `X-Request-Id`, if it is safe, else one of our own. */
export function requestIdOf(headers: Readonly<Record<string, string | string[] | undefined>>): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && safe.test(given) ? given : newRequestId();
}
