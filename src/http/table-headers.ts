import { revision } from '../revision.js';
import type { FilePlan } from '../table.js';
import { notModifiedHeaders } from './preconditions.js';

/** Longer canonical URLs are not repeated in a header: gateways answer 502 to heads of a few KiB. */
const maxContentLocation = 2048;

/** Headers that are known before the request: by name in lower case, and name, value, name, value … as Node takes them. */
export class KnownHeaders {
  readonly flat: readonly string[];
  private sized: { readonly length: number; readonly flat: readonly string[] } | undefined;

  constructor(readonly fields: Readonly<Record<string, string>>) {
    this.flat = Object.entries(fields).flat();
  }

  /** Of a 304. */
  notModified(vary: string): readonly string[] {
    return [
      ...Object.entries(notModifiedHeaders(this.fields)).flat(),
      ...(vary === '' ? [] : ['vary', vary]),
    ];
  }

  /** With the length of a body, which is the same at every turn. */
  ofLength(length: number, vary: string): readonly string[] {
    if (this.sized?.length !== length) {
      const own = ['content-length', String(length), ...(vary === '' ? [] : ['vary', vary])];
      this.sized = { length, flat: [...this.flat, ...own] };
    }
    return this.sized.flat;
  }
}

/** Headers of a table that depend on the file alone. */
export function fileHeaders(file: FilePlan, basePath: string): Record<string, string> {
  const { format, table, variant } = file;
  const location = file.canonicalUrl === null ? '' : basePath + file.canonicalUrl;
  const disposition = format.kind === 'text' ? 'inline' : 'attachment';
  const only = file.description.specs[0];
  return {
    etag: `"${file.etag}"`,
    'cache-control': cacheControl(file),
    'content-type': format.mediaType,
    'accept-ranges': format.kind === 'text' || variant !== '' ? 'none' : 'bytes',
    'content-disposition': `${disposition}; filename="${file.fileName}"`,
    ...(location !== '' && location.length <= maxContentLocation && { 'content-location': location }),
    ...(format.name === 'bin' &&
      only && { 'x-tensor-shape': only.shape.join(','), 'x-tensor-dtype': only.dtype }),
    ...(table.profile !== null && { 'x-posenc-profile': table.profile }),
    'x-posenc-revision': revision,
    ...(variant !== '' && { 'x-posenc-backend': variant }),
  };
}

/** The same for its compressed form, which is a representation with an entity tag of its own (RFC 9110, 8.8.3.3). */
export function gzipHeaders(
  file: FilePlan,
  headers: Readonly<Record<string, string>>,
): Record<string, string> {
  return { ...headers, etag: `"${file.etag}-gzip"`, 'content-encoding': 'gzip' };
}

function cacheControl({ table, variant }: FilePlan): string {
  if (variant !== '') return 'no-store';
  return table.pinned ? 'public, max-age=31536000, immutable' : 'public, max-age=3600';
}
