import type { FastifySchema } from 'fastify';
import { z } from 'zod';
import type { AnyEncoding } from '../src/encodings/define.js';
import type { ErrorCode } from '../src/errors.js';
import { formats } from '../src/formats/index.js';
import { jsonSchema } from '../src/http/json-schema.js';
import { type HeaderName, headers } from '../src/http/openapi-headers.js';
import { conditions, documented } from '../src/http/openapi-operation.js';
import { problems } from '../src/http/openapi-problems.js';
import type { Content, MediaType, Operation, Response } from '../src/http/openapi-types.js';
import type { TableLimits } from '../src/table.js';
import { digestSchema, parametersSchema, pascalCase, tableSchema } from './table-body.js';
import { tableExamples } from './table-examples.js';
import { extensionParameter, queryParameters } from './table-parameters.js';

/** What any table operation can answer beside what befalls any request. */
const tableErrors: readonly ErrorCode[] = [
  'revision_unavailable',
  'precondition_failed',
  'invalid_parameters',
  'table_too_large',
  'too_many_requests',
  'overloaded',
];

const fileHeaders: readonly HeaderName[] = [
  'ETag',
  'Cache-Control',
  'Accept-Ranges',
  'Content-Length',
  'Content-Disposition',
  'Content-Location',
  'Server-Timing',
  'Vary',
  'X-Request-Id',
  'X-Tensor-Shape',
  'X-Tensor-Dtype',
  'X-Posenc-Profile',
  'X-Posenc-Revision',
  'X-Posenc-Backend',
];

/** Bytes that are no text: JSON Schema has no more to say of them. */
function binary(mediaType: string): JsonBinary {
  return { schema: { type: 'string', format: 'binary', contentMediaType: mediaType } };
}
type JsonBinary = MediaType & { readonly schema: NonNullable<MediaType['schema']> };

/** The media types of a table, binary ones alone for a part of it. */
function tableContent(encoding: AnyEncoding, kinds: readonly ('text' | 'binary')[]): Content {
  return Object.fromEntries(
    formats
      .filter(({ kind }) => kinds.includes(kind))
      .map(({ name, mediaType, kind }): [string, MediaType] => {
        if (kind === 'binary') return [mediaType, binary(mediaType)];
        if (name !== 'json') return [mediaType, { schema: { type: 'string' } }];
        return [mediaType, { schema: jsonSchema(z.union([tableSchema(encoding), digestSchema])) }];
      }),
  );
}

function whole(encoding: AnyEncoding): Response {
  return {
    description: 'The table; for `digest=sha-256` the digest of its file, as JSON.',
    headers: headers(...fileHeaders, 'Content-Encoding'),
    content: tableContent(encoding, ['text', 'binary']),
  };
}

function part(encoding: AnyEncoding): Response {
  return {
    description: 'The bytes asked for, bit-identical to the same bytes of the whole.',
    headers: headers(...fileHeaders, 'Content-Range'),
    content: tableContent(encoding, ['binary']),
  };
}

const unchanged: Response = {
  description: 'The client has it already; nothing was computed.',
  headers: headers('ETag', 'Cache-Control', 'Content-Location', 'Vary', 'X-Request-Id'),
};

/** The encoding in words: what it is, whose it is, what its profiles promise, where to read on. */
function prose({ summary, status, profiles, references }: AnyEncoding): string {
  return [
    summary,
    status.note,
    ...profiles.map(({ name, guarantee }) => `Profile \`${name}\`: ${guarantee}`),
    references.map(({ title, url }) => `[${title}](${url})`).join(', '),
  ]
    .filter((paragraph) => paragraph !== '')
    .join('\n\n');
}

function getOperation(encoding: AnyEncoding, limits: TableLimits, named: boolean): Operation {
  const examples = tableExamples(encoding, limits, named, false);
  const first = encoding.examples[0].params;
  return {
    operationId: `get${pascalCase(encoding.id)}${named ? 'File' : ''}`,
    tags: ['tables'],
    summary: named ? `${encoding.title}, as a file` : encoding.title,
    description: `${prose(encoding)}\n\n${
      named
        ? 'The extension is the format.'
        : '`Accept` decides the format, JSON by default; each has a path of its own.'
    }`,
    parameters: [
      ...(named ? [extensionParameter('safetensors')] : []),
      ...queryParameters(encoding, first),
      ...conditions,
      { $ref: '#/components/parameters/Range' },
      { $ref: '#/components/parameters/IfRange' },
    ],
    responses: {
      200: whole(encoding),
      206: part(encoding),
      304: unchanged,
      ...problems(...tableErrors, 'range_not_satisfiable', named ? 'unknown_format' : 'not_acceptable'),
    },
    'x-posenc-examples': examples,
  };
}

function postOperation(encoding: AnyEncoding, limits: TableLimits, named: boolean): Operation {
  const bodies = encoding.examples.map(({ title, params }, i) => [
    `example${i + 1}`,
    { summary: title, value: params },
  ]);
  return {
    operationId: `post${pascalCase(encoding.id)}${named ? 'File' : ''}`,
    tags: ['tables'],
    summary: `${encoding.title}, parameters in the body${named ? ', as a file' : ''}`,
    description:
      'The same bytes and the same ETag as GET gives for these parameters; for long lists and supplied arrays. There are no ranges here.',
    parameters: [...(named ? [extensionParameter('safetensors')] : []), ...conditions],
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: jsonSchema(parametersSchema(encoding)),
          examples: Object.fromEntries(bodies),
        },
      },
    },
    responses: {
      200: whole(encoding),
      ...problems(
        ...tableErrors,
        'bad_json',
        'body_too_large',
        'unsupported_media_type',
        named ? 'unknown_format' : 'not_acceptable',
      ),
    },
    'x-posenc-examples': tableExamples(encoding, limits, named, true),
  };
}

/** Documentation of the table routes of an encoding; `named` is the path with an extension. */
export interface TableSchemas {
  get(named: boolean): FastifySchema;
  post(named: boolean): FastifySchema;
}

/** Documents the four operations of an encoding from the encoding object alone. */
export function tableSchemas(encoding: AnyEncoding, limits: TableLimits): TableSchemas {
  return {
    get: (named) => documented(getOperation(encoding, limits, named)),
    post: (named) => documented(postOperation(encoding, limits, named)),
  };
}
