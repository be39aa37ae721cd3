import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AppContext } from '../src/context.js';
import type { AnyEncoding } from '../src/encodings/define.js';
import { invalidParameters, PosencError, pointerTo } from '../src/errors.js';
import type { Format } from '../src/formats/define.js';
import { formatByExtension, formatByName, formats } from '../src/formats/index.js';
import { chooseFormat } from '../src/http/negotiate.js';
import { instanceOf } from '../src/http/problem.js';
import { fileHeaders, gzipHeaders, KnownHeaders } from '../src/http/table-headers.js';
import { addVary } from '../src/http/vary.js';
import { Lru } from '../src/lru.js';
import { decodeQuery, type RawParameters } from '../src/params.js';
import { type FilePlan, tableParameters } from '../src/table.js';

/** A request understood: what file it asks for, and the headers that file has. */
export interface Resolved {
  readonly file: FilePlan;
  readonly headers: KnownHeaders;
  /** Of the compressed form; null where there is none. */
  readonly gzipHeaders: KnownHeaders | null;
  /** Request headers that the answer depends on. */
  readonly vary: string;
  /** The Accept header that the format was chosen by; null where an extension names it. */
  readonly accept: string | null;
  /** Pattern of the route, and the path as a URI reference. */
  readonly route: string;
  readonly path: string;
}

/** URLs whose resolution is kept; longer ones are resolved each time. */
const resolutions = 2048;
const keptUrlBytes = 2048;

/** Understands requests for tables. */
export class TableRequests {
  private readonly kept = new Lru<string, Resolved>(resolutions);

  constructor(private readonly context: AppContext) {}

  /** What a URL was resolved to before, by the same Accept header where that has a say. */
  known(url: string, accept: string | undefined): Resolved | undefined {
    const resolved = this.kept.get(url);
    return resolved && (resolved.accept === null || resolved.accept === (accept ?? ''))
      ? resolved
      : undefined;
  }

  /** Parameters in the query. */
  ofUrl(encoding: AnyEncoding, request: FastifyRequest, reply: FastifyReply): Resolved {
    const url = request.raw.url ?? '';
    const known = this.known(url, request.headers.accept);
    if (known) return known;
    const format = formatOf(request, reply);
    const raw = decodeQuery(tableParameters(encoding), queryOf(url));
    const resolved = this.resolve(encoding, format, withoutSupplied(encoding, raw), request);
    if (url.length <= keptUrlBytes) this.kept.set(url, resolved);
    return resolved;
  }

  /** Parameters as a JSON object; what the body leaves out may stand in the query. */
  ofBody(encoding: AnyEncoding, request: FastifyRequest, reply: FastifyReply): Resolved {
    const format = formatOf(request, reply);
    const query = withoutSupplied(
      encoding,
      decodeQuery(tableParameters(encoding), queryOf(request.raw.url ?? '')),
    );
    const { body } = request;
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      throw invalidParameters([{ pointer: '#', detail: 'must be a JSON object of parameters' }]);
    }
    const twice = Object.keys(query.values)
      .filter((name) => Object.hasOwn(body, name))
      .map((name) => ({ pointer: pointerTo(name), detail: 'is given in the body and in the query' }));
    const raw = { values: { ...body, ...query.values }, errors: [...twice, ...query.errors] };
    return this.resolve(encoding, format, raw, request);
  }

  private resolve(
    encoding: AnyEncoding,
    format: Format,
    raw: RawParameters,
    request: FastifyRequest,
  ): Resolved {
    const accept = extensionOf(request) === undefined ? (request.headers.accept ?? '') : null;
    const file = this.context.tables.plan(encoding, format, raw);
    const headers = fileHeaders(file, this.context.config.basePath);
    const compressible = format.name === 'json';
    return {
      file,
      headers: new KnownHeaders(headers),
      gzipHeaders: compressible ? new KnownHeaders(gzipHeaders(file, headers)) : null,
      vary: [...(accept === null ? [] : ['Accept']), ...(compressible ? ['Accept-Encoding'] : [])].join(', '),
      accept,
      route: request.routeOptions.url ?? '',
      path: instanceOf(request.raw.url ?? ''),
    };
  }
}

/** The format of the extension, or what Accept prefers. */
function formatOf(request: FastifyRequest, reply: FastifyReply): Format {
  const extension = extensionOf(request);
  if (extension !== undefined) {
    const format = formatByExtension(extension);
    if (format) return format;
    const known = formats.map((candidate) => candidate.extension).join(', ');
    throw new PosencError('unknown_format', `there is no format ${extension}; there are ${known}`);
  }
  const chosen = chooseFormat(request.headers.accept, formats);
  const format = chosen === null ? undefined : formatByName(chosen);
  if (format) return format;
  addVary(reply, 'Accept');
  throw new PosencError('not_acceptable', 'the tables exist as the media types listed', {
    extras: {
      formats: formats.map(({ extension: ext, mediaType }) => ({ extension: ext, media_type: mediaType })),
    },
  });
}

function extensionOf(request: FastifyRequest): string | undefined {
  return (request.params as { ext?: string }).ext;
}

function queryOf(url: string): string {
  const at = url.indexOf('?');
  return at < 0 ? '' : url.slice(at + 1);
}

/** Arrays are supplied in a POST body; in a query they are errors. */
function withoutSupplied(encoding: AnyEncoding, { values, errors }: RawParameters): RawParameters {
  const wrong = (encoding.supplied ?? []).filter((name) => name in values);
  const found = wrong.map((name) => ({
    pointer: pointerTo(name),
    detail: 'is supplied in the body of a POST, not in a query',
  }));
  return { values, errors: [...found, ...errors] };
}
