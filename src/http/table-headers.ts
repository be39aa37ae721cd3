import { revision } from '../revision.js';
import type { FilePlan } from '../table.js';

/** Longer canonical URLs are not repeated in a header: gateways answer 502 to heads of a few KiB. */
const maxContentLocation = 2048;

/** Headers of a table that depend on the file alone, in lower case. */
export function fileHeaders(file: FilePlan, basePath: string): Record<string, string> {
  const { format, table, variant } = file;
  const location = file.canonicalUrl === null ? '' : basePath + file.canonicalUrl;
  const disposition = format.kind === 'text' ? 'inline' : 'attachment';
  const only = file.description.specs[0];
  return {
    etag: `"${file.etag}"`,
    'cache-control': cacheControl(file),
    'content-type': format.mediaType,
    'content-disposition': `${disposition}; filename="${file.fileName}"`,
    ...(location !== '' && location.length <= maxContentLocation && { 'content-location': location }),
    ...(format.name === 'bin' &&
      only && { 'x-tensor-shape': only.shape.join(','), 'x-tensor-dtype': only.dtype }),
    ...(table.profile !== null && { 'x-posenc-profile': table.profile }),
    'x-posenc-revision': revision,
    ...(variant !== '' && { 'x-posenc-backend': variant }),
  };
}

function cacheControl({ table, variant }: FilePlan): string {
  if (variant !== '') return 'no-store';
  return table.pinned ? 'public, max-age=31536000, immutable' : 'public, max-age=3600';
}
