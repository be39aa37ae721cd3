import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { type ErrorCode, errorCatalogue } from '../errors.js';
import { jsonSchema } from './json-schema.js';
import { type HeaderName, headers } from './openapi-headers.js';
import type { Reference, Response } from './openapi-types.js';
import { problemMediaType } from './problem.js';

const problem = z
  .looseObject({
    type: z.string().describe('`urn:posenc:error:` and the code.'),
    title: z.string().describe('What kind of error it is; the same for every one of its code.'),
    status: z.int().min(400).max(599),
    detail: z.string().describe('What went wrong this time.'),
    instance: z.string().optional().describe('The path that was asked for.'),
    code: z.enum(Object.keys(errorCatalogue) as [ErrorCode, ...ErrorCode[]]).describe('Stays the same.'),
    request_id: z.string(),
    errors: z
      .array(
        z.object({
          pointer: z.string().describe('JSON pointer of the field as a URI fragment, such as `#/head_dim`.'),
          detail: z.string(),
        }),
      )
      .optional()
      .describe('Every wrong field.'),
    limit: z.int().min(0).optional().describe('The limit that was exceeded.'),
    requested: z.int().min(0).optional().describe('What was asked for, in the unit of `limit`.'),
    unit: z.enum(['bytes', 'elements']).optional().describe('What `limit` and `requested` count.'),
    running: z.int().min(0).optional().describe('Tables that are being computed, of `limit`.'),
    queued: z.int().min(0).optional().describe('Tables that wait to be computed.'),
    current: z.string().optional().describe('`revision_unavailable`: the revision that is served.'),
    bytes: z.int().min(0).optional().describe('`range_not_satisfiable`: the length of the file.'),
    formats: z
      .array(z.object({ extension: z.string(), media_type: z.string() }))
      .optional()
      .describe('`not_acceptable`: the formats that exist.'),
    state: z
      .enum(['starting', 'draining', 'closing'])
      .optional()
      .describe('`/readyz`: why it takes no work.'),
    waiting_for: z.array(z.string()).optional().describe('`/readyz`: what the start waits for.'),
  })
  .meta({ id: 'Problem', description: 'RFC 9457. The members after `errors` belong to single errors.' });

/** What may befall any request, whatever its operation. */
const general: readonly ErrorCode[] = [
  'bad_request',
  'bad_url',
  'request_timeout',
  'url_too_long',
  'expectation_failed',
  'headers_too_large',
  'internal_error',
  'shutting_down',
];

/** Headers that a problem has beside those of all problems. */
const particular: Partial<Record<number, readonly HeaderName[]>> = {
  412: ['ETag'],
  415: ['Accept-Encoding'],
  416: ['Accept-Ranges', 'Content-Range'],
  429: ['Retry-After'],
  503: ['Retry-After'],
};

function codesOf(status: number): ErrorCode[] {
  const codes = Object.keys(errorCatalogue) as ErrorCode[];
  return codes.filter((code) => errorCatalogue[code].status === status);
}

function nameOf(status: number): string {
  return (STATUS_CODES[status] ?? `Status ${status}`).replace(/[^A-Za-z0-9]/g, '');
}

function response(status: number): Response {
  const codes = codesOf(status);
  return {
    description: codes.map((code) => `\`${code}\`: ${errorCatalogue[code].title}.`).join(' '),
    headers: headers('Cache-Control', 'Vary', 'X-Request-Id', ...(particular[status] ?? [])),
    content: {
      [problemMediaType]: {
        schema: {
          allOf: [
            jsonSchema(problem),
            {
              type: 'object',
              properties: {
                status: { type: 'integer', const: status },
                code: { type: 'string', enum: codes },
              },
            },
          ],
        },
      },
    },
  };
}

const statuses = [...new Set(Object.values(errorCatalogue).map(({ status }) => status))];

/** One response a status, made from the catalogue of errors. */
export const problemComponents: Readonly<Record<string, Response>> = Object.fromEntries(
  statuses.map((status) => [nameOf(status), response(status)]),
);

/** References to the problem responses of an operation: those it can answer itself, and the general ones. */
export function problems(...codes: readonly ErrorCode[]): Record<string, Reference> {
  const answered = new Set([...general, ...codes].map((code) => errorCatalogue[code].status));
  return Object.fromEntries(
    [...answered].map((status) => [status, { $ref: `#/components/responses/${nameOf(status)}` }]),
  );
}
