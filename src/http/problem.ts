import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, errorCatalogue, PosencError } from '../errors.js';

export const problemMediaType = 'application/problem+json';

/** RFC 9457 with the members that every problem here has. */
export interface Problem {
  /** `urn:posenc:error:` and the code: an identifier that stays, not a page. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** The path that was asked for; missing where the request could not be read. */
  readonly instance?: string;
  readonly code: ErrorCode;
  readonly request_id: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
  readonly [extra: string]: unknown;
}

/** Members that extras must not replace. */
type Place = Pick<Problem, 'instance' | 'request_id'>;

/** The problem document of an error. */
export function problemOf(error: PosencError, place: Place): Problem {
  const { status, title } = errorCatalogue[error.code];
  return {
    ...error.extras,
    type: `urn:posenc:error:${error.code}`,
    title,
    status,
    detail: error.message,
    ...place,
    code: error.code,
    ...(error.errors.length > 0 && { errors: error.errors }),
  };
}

/** What Fastify's own errors mean here. */
const frameworkCodes: Readonly<Record<string, { readonly code: ErrorCode; readonly detail: string }>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'body_too_large', detail: 'the body is above the limit body_bytes' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'unsupported_media_type',
    detail: 'a body must be application/json',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'bad_request',
    detail: 'the body is not as long as Content-Length says',
  },
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: { code: 'bad_request', detail: 'Content-Type is missing' },
  FST_ERR_BAD_URL: { code: 'bad_url', detail: 'the path holds a percent sign that is no escape of UTF-8' },
  FST_ERR_INVALID_URL: { code: 'bad_url', detail: 'the URL cannot be read' },
  FST_ERR_MAX_PARAM_LENGTH: { code: 'url_too_long', detail: 'a segment of the path is too long' },
  FST_ERR_NOT_FOUND: { code: 'not_found', detail: 'there is nothing at this path' },
};

/** The one code that stands for a status where a plugin gives nothing but a status. */
const statusCodes: ReadonlyMap<number, ErrorCode> = new Map([
  [400, 'bad_request'],
  [404, 'not_found'],
  [406, 'not_acceptable'],
  [408, 'request_timeout'],
  [412, 'precondition_failed'],
  [413, 'body_too_large'],
  [414, 'url_too_long'],
  [415, 'unsupported_media_type'],
  [416, 'range_not_satisfiable'],
]);

/** Anything that was thrown as an error of the catalogue. What is not foreseen becomes `internal_error`, without a word of it. */
export function toPosencError(error: unknown): PosencError {
  if (error instanceof PosencError) return error;
  if (error instanceof Error) {
    const { code, statusCode }: Partial<FastifyError> = error;
    const known = code === undefined ? undefined : frameworkCodes[code];
    if (known) return new PosencError(known.code, known.detail);
    const byStatus = statusCode === undefined ? undefined : statusCodes.get(statusCode);
    if (byStatus) return new PosencError(byStatus, errorCatalogue[byStatus].title.toLowerCase());
  }
  return new PosencError('internal_error', 'the log has more under this request_id');
}

/** Enough to recognise a path; an error must not send back kilobytes of what came. */
const instanceLength = 1024;

/** The path of a request target as a URI reference: no query, nothing but ASCII. */
export function instanceOf(target: string): string {
  const path = target.replace(/^https?:\/\/[^/?#]*/i, '').split(/[?#]/, 1)[0] ?? '';
  return path.slice(0, instanceLength).replace(/[^\x21-\x7e]|["<>\\^`{|}]/g, (character) => {
    // A header field is read as Latin-1: one character is one byte.
    return `%${(character.charCodeAt(0) & 0xff).toString(16).padStart(2, '0').toUpperCase()}`;
  });
}

/** Headers that describe the representation which the error takes the place of. */
const representationHeaders = [
  'accept-ranges',
  'content-disposition',
  'content-encoding',
  'content-length',
  'content-location',
  'content-type',
  'etag',
  'server-timing',
  'x-posenc-profile',
  'x-posenc-revision',
  'x-tensor-dtype',
  'x-tensor-shape',
];

/** Answers a problem document. An unforeseen error is logged whole and answered without a word of it. */
export function sendProblem(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const error = toPosencError(thrown);
  if (error.code === 'internal_error') {
    request.log.error({ err: thrown, request_id: request.id }, 'unforeseen error');
  }
  for (const name of representationHeaders) reply.removeHeader(name);
  reply.code(error.status).headers({
    'Content-Type': problemMediaType,
    'Cache-Control': 'no-store',
    'X-Request-Id': request.id,
    ...(error.status === 503 && { 'Retry-After': '1' }),
    ...error.headers,
  });
  reply.send(
    Buffer.from(
      JSON.stringify(
        problemOf(error, { instance: instanceOf(request.raw.url ?? ''), request_id: request.id }),
      ),
    ),
  );
}

/** A whole HTTP/1.1 response for a socket whose request could not be parsed; the connection ends after it. */
export function rawProblem(error: PosencError, requestId: string): string {
  const body = JSON.stringify(problemOf(error, { request_id: requestId }));
  const head = [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}`,
    `Content-Type: ${problemMediaType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    `Date: ${new Date().toUTCString()}`,
    `X-Request-Id: ${requestId}`,
    ...Object.entries(error.headers).map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

/** Makes every error of a handler, hook or plugin a problem document. */
export function answerProblems(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    sendProblem(error, request, reply);
  });
  app.setNotFoundHandler((request, reply) => {
    sendProblem(
      new PosencError('not_found', `there is nothing at ${instanceOf(request.url)}`),
      request,
      reply,
    );
  });
}
