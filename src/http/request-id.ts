import { randomBytes } from 'node:crypto';

/** Nothing that could break a log line, a header or a shell. */
const safe = /^[A-Za-z0-9._-]{1,64}$/;

/** Digits of the count, which differs within one process. */
const digits = Buffer.from('0123456789abcdefghijklmnopqrstuvwxyz');
const countLength = 8;

/** The last id; its random part differs from process to process. Cheaper than a UUID a request. */
const last = Buffer.from(`${randomBytes(9).toString('hex')}-${'0'.repeat(countLength)}`);

/**
 * An id that no other request has. It is counted in its bytes and read from them: a text put together of parts is
 * copied by each that reads it, header and log, which takes a tenth of a small request.
 */
export function newRequestId(): string {
  for (let at = last.length - 1; at >= last.length - countLength; at--) {
    const next = (digits.indexOf(last[at]!) + 1) % digits.length;
    last[at] = digits[next]!;
    if (next > 0) break;
  }
  return last.toString('latin1');
}

/** The id a client or gateway gave in `X-Request-Id`, if it is safe, else one of our own. */
export function requestIdOf(headers: Readonly<Record<string, string | string[] | undefined>>): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && safe.test(given) ? given : newRequestId();
}
