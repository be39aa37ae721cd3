import type { Header } from './headers.js';
import type { ApiOperation } from './operations.js';

/** A JSON object by its members, so that it may be broken and made smaller; or any text. */
export type Body =
  | { readonly members: readonly (readonly [name: string, json: string])[] }
  | { readonly text: string };

/** What is known of the answer before it comes. */
export interface Expectation {
  readonly statuses: readonly number[];
  /** The problem document must name this field. */
  readonly field?: string;
}

/** One request of the fuzz, in the parts it is made of. Text is Latin-1: one character is one byte. */
export interface FuzzRequest {
  readonly operation: ApiOperation;
  /** What has been done to it, in words. */
  readonly kind: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Parts of the query, encoded. */
  readonly query: readonly string[];
  readonly headers: readonly Header[];
  readonly body: Body | null;
  readonly chunked: boolean;
  /** The path or the method is not that of the operation any more. */
  readonly astray: boolean;
  readonly expected: Expectation | null;
  /** Sent in place of all that on a connection of its own, which is then half closed. */
  readonly garbage: string | null;
}

/** The body as it is sent. */
export function bodyText(body: Body): string {
  if ('text' in body) return body.text;
  return `{${body.members.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;
}

/** JSON of any characters as UTF-8 in Latin-1. */
function utf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** The request as it stands on the wire. */
export function wireText(request: FuzzRequest): string {
  if (request.garbage !== null) return request.garbage;
  const { method, path, query, headers, body, chunked } = request;
  const lines = [`${method} ${path}${query.length > 0 ? `?${query.join('&')}` : ''} HTTP/1.1`];
  if (!headers.some(([name]) => name.toLowerCase() === 'host')) lines.push('Host: x');
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  let sent = '';
  if (body) {
    // A text is bytes already; JSON of members may hold any character.
    const text = 'text' in body ? body.text : utf8(bodyText(body));
    if (chunked) {
      lines.push('Transfer-Encoding: chunked');
      const half = Math.ceil(text.length / 2);
      const chunks = [text.slice(0, half), text.slice(half)].filter((chunk) => chunk !== '');
      sent = `${chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')}0\r\n\r\n`;
    } else {
      lines.push(`Content-Length: ${text.length}`);
      sent = text;
    }
  }
  return `${lines.join('\r\n')}\r\n\r\n${sent}`;
}
