import type { Header, Reference } from './openapi-types.js';

const text = { type: 'string' } as const;

/** Every response header that the document speaks of, once. */
export const headerComponents = {
  ETag: {
    description:
      'Strong entity tag: SHA-256, in lowercase hex, over what the bytes depend on. A compressed form has its own, with the suffix -gzip.',
    required: true,
    schema: { type: 'string', pattern: '^"[0-9a-f]{64}(-gzip)?"$' },
  },
  'Cache-Control': {
    description:
      'How long it may be kept: a year, immutable, where the URL names the revision; an hour otherwise; errors and the state of the moment not at all.',
    required: true,
    schema: text,
  },
  'Accept-Ranges': {
    description: '`bytes` where a Range would be honoured.',
    required: true,
    schema: { type: 'string', enum: ['bytes', 'none'] },
  },
  'X-Request-Id': {
    description: 'Id of the request, as in the log: the one that came with it where that is safe.',
    required: true,
    schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' },
  },
  'Content-Length': {
    description: 'Bytes of the body; binary formats have it before a number is computed.',
    schema: { type: 'integer', minimum: 0 },
  },
  'Content-Disposition': { description: 'A file name that tells the table.', schema: text },
  'Content-Encoding': {
    description: 'JSON only, where asked for.',
    schema: { type: 'string', enum: ['gzip'] },
  },
  'Content-Location': {
    description: 'The canonical URL, where it has at most 2,048 bytes and no array was supplied.',
    schema: { type: 'string', format: 'uri-reference' },
  },
  'Content-Range': {
    description: 'Which bytes of how many: `bytes 0-1023/4096`, or `bytes */4096` with 416.',
    required: true,
    schema: { type: 'string', pattern: '^bytes (\\d+-\\d+|\\*)/\\d+$' },
  },
  Vary: { description: 'Request headers that the answer depends on.', schema: text },
  'Server-Timing': { description: 'Milliseconds until the head was ready.', schema: text },
  'X-Tensor-Shape': {
    description: '`bin` only: the sides of the tensor, comma-separated; empty for a scalar.',
    schema: { type: 'string', pattern: '^(\\d+(,\\d+)*)?$' },
  },
  'X-Tensor-Dtype': {
    description: '`bin` only: the element type.',
    schema: { type: 'string', enum: ['f64', 'f32', 'f16', 'bf16', 'c64', 'i64', 'i32', 'bool'] },
  },
  'X-Posenc-Profile': { description: 'The profile in force, where the table has one.', schema: text },
  'X-Posenc-Revision': { description: 'The kernel revision.', schema: text },
  'X-Posenc-Backend': {
    description: 'Who computed and what the values are worth, where the bytes are not the reference bytes.',
    schema: text,
  },
  'Retry-After': {
    description: 'Seconds to wait.',
    required: true,
    schema: { type: 'integer', minimum: 0 },
  },
  'Accept-Encoding': { description: 'How a body may be encoded.', schema: text },
} as const satisfies Record<string, Header>;

export type HeaderName = keyof typeof headerComponents;

/** References to headers, for a response. */
export function headers(...names: readonly HeaderName[]): Record<string, Reference> {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
