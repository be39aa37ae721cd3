import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { acceptsGzip } from './negotiate.js';
import { answeredByPreconditions } from './preconditions.js';
import { addVary } from './vary.js';

/** One of the two forms of a document. */
interface Representation {
  readonly body: Buffer;
  readonly etag: string;
}

/** A text that is the same for every request, ready to be sent. */
export interface StaticDocument {
  readonly mediaType: string;
  readonly cacheControl: string;
  readonly plain: Representation;
  readonly gzip: Representation;
}

/** An hour, as every URL that names no revision. */
const usualCaching = 'public, max-age=3600';

/**
 * Prepares a document: its bytes, the same compressed, and a strong entity tag for each.
 *
 * @param content A text that is sent as it is, or a value that is sent as JSON.
 */
export function makeDocument(
  content: unknown,
  { mediaType = 'application/json; charset=utf-8', cacheControl = usualCaching } = {},
): StaticDocument {
  const body = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
  const digest = createHash('sha256').update(body).digest('hex');
  return {
    mediaType,
    cacheControl,
    plain: { body, etag: `"${digest}"` },
    gzip: { body: gzipSync(body, { level: 9 }), etag: `"${digest}-gzip"` },
  };
}

/** Answers a document: negotiates gzip, then evaluates If-Match (412) and If-None-Match (304). */
export function sendDocument(
  request: FastifyRequest,
  reply: FastifyReply,
  document: StaticDocument,
): FastifyReply {
  const compressed = acceptsGzip(request.headers['accept-encoding']?.toString());
  const { body, etag } = compressed ? document.gzip : document.plain;
  const headers = { etag, 'cache-control': document.cacheControl };
  addVary(reply, 'Accept-Encoding');
  if (answeredByPreconditions(request, reply, headers)) return reply;
  reply.headers({ ...headers, 'Content-Type': document.mediaType, 'Accept-Ranges': 'none' });
  if (compressed) reply.header('Content-Encoding', 'gzip');
  return reply.send(body);
}
