import type { Parameter } from './openapi-types.js';

/** Request headers that several operations understand. */
export const parameterComponents: Readonly<Record<string, Parameter>> = {
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    description: 'Entity tags, or `*`; 412 where none is the current one.',
    schema: { type: 'string' },
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description: 'Entity tags, or `*`; 304 without computing where one is the current one (412 for POST).',
    schema: { type: 'string' },
  },
  Range: {
    name: 'Range',
    in: 'header',
    description:
      'Bytes of a binary format, such as `bytes=0-1023`. One range is honoured (206); several are answered with the whole.',
    schema: { type: 'string' },
  },
  IfRange: {
    name: 'If-Range',
    in: 'header',
    description: 'The entity tag that the range belongs to; the whole is sent where it is another.',
    schema: { type: 'string' },
  },
};
