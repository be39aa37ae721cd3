import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Checksums, checksumBytes } from '../src/checksums.js';
import type { AppContext } from '../src/context.js';
import type { AnyEncoding } from '../src/encodings/define.js';
import { invalidParameters, PosencError, pointerTo } from '../src/errors.js';
import type { Format } from '../src/formats/define.js';
import { formatByExtension, formatByName, formats } from '../src/formats/index.js';
import { binaryBody, SmallBody, textBody } from '../src/http/bodies.js';
import { ClientLeft, watchClient } from '../src/http/client.js';
import { evaluatePreconditions, rangeApplies } from '../src/http/conditional.js';
import { answerEarly, type ReadyAnswer, timing } from '../src/http/early.js';
import { acceptsGzip, chooseFormat } from '../src/http/negotiate.js';
import { instanceOf } from '../src/http/problem.js';
import { parseRange } from '../src/http/range.js';
import { stream } from '../src/http/send.js';
import { streamText } from '../src/http/send-text.js';
import { fileHeaders, gzipHeaders, KnownHeaders } from '../src/http/table-headers.js';
import { addVary } from '../src/http/vary.js';
import { Lru } from '../src/lru.js';
import { decodeQuery, type RawParameters } from '../src/params.js';
import { type Delivery, digestBody, sha256Of } from '../src/pieces.js';
import { type FilePlan, tableParameters } from '../src/table.js';
import { tableSchemas } from './table-schemas.js';

/** A request understood: what file it asks for, and the headers that file has. */
interface Resolved {
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

/** Nothing where the response has been written past Fastify, as `hijack` allows. */
type Answer = FastifyReply | Promise<FastifyReply> | undefined;

/** URLs whose resolution is kept; longer ones are resolved each time. */
const resolutions = 2048;
const keptUrlBytes = 2048;
/** Files whose SHA-256 or CRC-32s are kept. */
const keptDigests = 1024;
/** Only zip files have checksums. */
const noChecksums = new Checksums();
/** Data that may be read only to put its checksum into a range of an npz file; beyond it the whole is sent. */
const checksumRunBytes = 2 ** 30;

/** All table routes: a pair of paths an encoding, GET, HEAD and POST. */
export function registerTables(app: FastifyInstance, context: AppContext): void {
  const routes = new TableRoutes(context);
  for (const encoding of context.encodings) {
    const schemas = tableSchemas(encoding, context.limits);
    for (const named of [false, true]) {
      const url = `/v1/tables/${encoding.id}${named ? '.:ext' : ''}`;
      app.route({
        method: ['GET', 'HEAD'],
        url,
        schema: schemas.get(named),
        handler: (request, reply) => routes.read(encoding, request, reply),
      });
      app.route({
        method: 'POST',
        url,
        schema: schemas.post(named),
        handler: (request, reply) => routes.post(encoding, request, reply),
      });
    }
  }
  // CORS has a say in every answer.
  if (context.config.corsOrigins.length === 0) {
    const { exchanges, lifecycle, config } = context;
    answerEarly(app, (target, headers) => routes.ready(target, headers), {
      exchanges,
      lifecycle,
      behindProxies: config.trustedProxies.length > 0,
    });
  }
  app.route({
    method: ['GET', 'HEAD', 'POST'],
    url: '/v1/tables/:name',
    schema: { hide: true },
    handler: (request) => {
      const { name } = request.params as { name: string };
      const known = context.encodings.map(({ id }) => id).join(', ');
      throw new PosencError(
        'unknown_encoding',
        `there is no encoding ${name.split('.')[0]}; there are ${known}`,
      );
    },
  });
}

class TableRoutes {
  private readonly resolved = new Lru<string, Resolved>(resolutions);
  private readonly bodies: Lru<string, SmallBody>;
  private readonly digests = new Lru<string, string>(keptDigests);
  private readonly checksumsOf = new Lru<string, Map<number, number>>(keptDigests);
  private streams = 0;

  constructor(private readonly context: AppContext) {
    this.bodies = new Lru(context.limits.cached_bodies_bytes);
    context.metrics.gauge('posenc_streams', 'Tables that are being computed.', () => this.streams);
  }

  /** GET and HEAD: parameters in the query. */
  read(encoding: AnyEncoding, request: FastifyRequest, reply: FastifyReply): Answer {
    const started = performance.now();
    const url = request.raw.url ?? '';
    let resolved = this.known(url, request.headers.accept);
    if (!resolved) {
      const format = this.format(request, reply);
      const raw = decodeQuery(tableParameters(encoding), queryOf(url));
      resolved = this.resolve(encoding, format, withoutSupplied(encoding, raw), request);
      if (url.length <= keptUrlBytes) this.resolved.set(url, resolved);
    }
    return this.answer(resolved, request, reply, started);
  }

  /** What a URL was resolved to before, by the same Accept header where that has a say. */
  private known(url: string, accept: string | undefined): Resolved | undefined {
    const resolved = this.resolved.get(url);
    return resolved && (resolved.accept === null || resolved.accept === (accept ?? ''))
      ? resolved
      : undefined;
  }

  /** The answer to a GET where nothing is left to do: a small body that is kept, or that the client's copy is good. */
  ready(url: string, request: IncomingHttpHeaders): ReadyAnswer | null {
    const resolved = this.known(url, request.accept);
    if (!resolved || request['if-match'] !== undefined) return null;
    const { file, headers, gzipHeaders, vary, route, path } = resolved;
    if (file.variant !== '' || file.table.digest) return null;
    const gzip = gzipHeaders !== null && acceptsGzip(request['accept-encoding']);
    const known = gzip ? gzipHeaders : headers;
    const ifNoneMatch = request['if-none-match'];
    if (ifNoneMatch !== undefined) {
      // What is not simply this tag has to be read first.
      if (ifNoneMatch !== known.fields.etag) return null;
      const head = [
        ...Object.entries(notModifiedHeaders(known.fields)).flat(),
        ...(vary ? ['vary', vary] : []),
      ];
      return { status: 304, head, body: null, route, path };
    }
    const text = file.format.kind === 'text';
    if (!text && request.range !== undefined) return null;
    const small = this.bodies.get(file.etag);
    if (!small) return null;
    const { length } = gzip ? small.gzip : small.plain;
    this.context.metrics.tensorBytesSent(length);
    const head = known.ofLength(length, vary);
    return { status: 200, head, body: gzip ? small.gzip : text ? small.latin1 : small.plain, route, path };
  }

  /** POST: parameters as a JSON object; what the body leaves out may stand in the query. */
  async post(
    encoding: AnyEncoding,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply | undefined> {
    const started = performance.now();
    const format = this.format(request, reply);
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
    const resolved = this.resolve(
      encoding,
      format,
      {
        values: { ...body, ...query.values },
        errors: [...twice, ...query.errors],
      },
      request,
    );
    return this.answer(resolved, request, reply, started);
  }

  /** The format of the extension, or what Accept prefers. */
  private format(request: FastifyRequest, reply: FastifyReply): Format {
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

  /** What the preconditions leave to be answered. Small known texts are answered at once, without a promise. */
  private answer(
    { file, headers, gzipHeaders, vary }: Resolved,
    request: FastifyRequest,
    reply: FastifyReply,
    started: number,
  ): Answer {
    const gzip = gzipHeaders !== null && acceptsGzip(request.headers['accept-encoding']);
    if (vary !== '') addVary(reply, vary);

    if (file.table.digest) return this.digest(file, request, reply);
    const chosen = gzip ? gzipHeaders : headers;
    this.preconditions(request, chosen.fields, reply);
    if (reply.statusCode === 304) return reply.send();
    if (file.format.kind === 'text') return this.text(file, chosen, gzip, request, reply, started);
    return this.binary(file, chosen.fields, request, reply, started);
  }

  /** 412 as an error; 304 as the reply's status, with the headers it needs. */
  private preconditions(
    request: FastifyRequest,
    headers: Readonly<Record<string, string>>,
    reply: FastifyReply,
  ): void {
    const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = request.headers;
    if (ifMatch === undefined && ifNoneMatch === undefined) return;
    const { etag = '' } = headers;
    const outcome = evaluatePreconditions({ method: request.method, ifMatch, ifNoneMatch }, etag);
    if (outcome === 'precondition_failed') {
      throw new PosencError('precondition_failed', `the entity tag is ${etag}`, { headers: { etag } });
    }
    if (outcome === 'not_modified') {
      reply.code(304).headers(notModifiedHeaders(headers));
    }
  }

  private text(
    file: FilePlan,
    headers: KnownHeaders,
    gzip: boolean,
    request: FastifyRequest,
    reply: FastifyReply,
    started: number,
  ): Answer {
    if (request.method === 'HEAD') {
      return reply.headers(headers.fields).header('server-timing', timing(started)).send();
    }
    const { limits, tables, metrics } = this.context;
    let small = file.variant === '' ? this.bodies.get(file.etag) : undefined;
    if (!small) {
      const printed = textBody(file, tables.reader(file.table), limits.cached_body_bytes);
      metrics.elementsComputed(file.table.elements);
      if (printed.kind === 'long') {
        const begin = () => beginRaw(reply, started, headers.flat);
        return this.streaming(reply, async () => {
          metrics.tensorBytesSent(await streamText(reply.raw, begin, printed.pieces, gzip));
        }).then(() => reply);
      }
      small = new SmallBody(printed.body);
      if (file.variant === '') this.bodies.set(file.etag, small, small.weight(file.format.name === 'json'));
    }
    const { length } = gzip ? small.gzip : small.plain;
    metrics.tensorBytesSent(length);
    beginRaw(reply, started, [...headers.flat, 'content-length', String(length)]);
    if (gzip) reply.raw.end(small.gzip);
    else reply.raw.end(small.latin1, 'latin1');
    return undefined;
  }

  private async binary(
    file: FilePlan,
    headers: Readonly<Record<string, string>>,
    request: FastifyRequest,
    reply: FastifyReply,
    started: number,
  ): Promise<FastifyReply> {
    const size = file.layout?.byteLength ?? 0;
    const ranged = request.method !== 'POST' && file.variant === '';
    reply.headers(headers);
    if (!ranged) reply.header('accept-ranges', 'none');

    const delivery = this.delivery(file);
    let start = 0;
    let end = size;
    let spare = 0;
    if (ranged && request.method === 'GET' && request.headers.range !== undefined) {
      const range = rangeApplies(headerText(request.headers['if-range']), headers.etag ?? '')
        ? parseRange(request.headers.range, size)
        : { kind: 'none' as const };
      if (range.kind === 'unsatisfiable') {
        throw new PosencError('range_not_satisfiable', `the file has ${size} bytes`, {
          headers: { 'content-range': `bytes */${size}`, 'accept-ranges': 'bytes' },
          extras: { bytes: size },
        });
      }
      const cost =
        range.kind === 'range' ? checksumBytes(file, delivery.checksums, range.start, range.end) : 0;
      if (range.kind === 'range' && cost <= checksumRunBytes) {
        ({ start, end } = range);
        spare = cost;
        reply.code(206).header('content-range', `bytes ${start}-${end - 1}/${size}`);
      }
    }
    reply.header('content-length', end - start);
    if (request.method === 'HEAD') return reply.header('server-timing', timing(started)).send();

    const { limits, metrics, pool } = this.context;
    if (end - start + spare <= limits.cached_body_bytes) {
      const body = await this.smallBinary(delivery, start, end, size, spare);
      metrics.tensorBytesSent(body.length);
      return reply.header('server-timing', timing(started)).send(body);
    }
    await this.streaming(reply, () =>
      this.inBulk(delivery, (bulk) =>
        stream(bulk, pool, reply.raw, () => beginRaw(reply, started), start, end),
      ),
    );
    return reply;
  }

  private async smallBinary(
    delivery: Delivery,
    start: number,
    end: number,
    size: number,
    spare: number,
  ): Promise<Buffer> {
    const { file } = delivery;
    if (file.variant !== '' || size > this.context.limits.cached_body_bytes)
      return binaryBody(delivery, start, end, spare);
    let small = this.bodies.get(file.etag);
    if (!small) {
      small = new SmallBody(await binaryBody(delivery, 0, size, 0));
      this.bodies.set(file.etag, small, small.weight(false));
    }
    return small.plain.subarray(start, end);
  }

  /** What is known of the checksums outlives the request where the bytes are a function of the ETag. */
  private checksums({ etag, variant }: FilePlan): Checksums {
    if (variant !== '') return new Checksums();
    const known = this.checksumsOf.get(etag) ?? new Map<number, number>();
    this.checksumsOf.set(etag, known);
    return new Checksums(known);
  }

  private delivery(file: FilePlan): Delivery {
    const { tables, metrics } = this.context;
    return {
      file,
      read: tables.reader(file.table),
      checksums: file.format.name === 'npz' ? this.checksums(file) : noChecksums,
      count: (elements, bytes) => {
        if (elements > 0) metrics.elementsComputed(elements);
        if (bytes > 0) metrics.tensorBytesSent(bytes);
      },
    };
  }

  /** Lets threads read the tensors of a delivery, where they may. */
  private async inBulk<T>(delivery: Delivery, run: (bulk: Delivery) => Promise<T>): Promise<T> {
    const { threads, tables } = this.context;
    const { table } = delivery.file;
    // gpu.js lives on this thread.
    if (tables.choice(table) === 'gpu' || !threads?.knows(table.encoding)) return run(delivery);
    const reader = threads.open(table, delivery.read);
    try {
      return await run({ ...delivery, read: reader.read });
    } finally {
      reader.close();
    }
  }

  /**
   * Runs a long response within the limit of concurrent ones. What fails before its head has been written is
   * thrown, to be answered as an error; what fails later has closed the connection and is logged.
   *
   * The promise is of nothing: a reply is thenable, and one that is still to be sent would wait for itself.
   */
  private async streaming(reply: FastifyReply, run: () => Promise<void>): Promise<void> {
    this.admit();
    try {
      await run();
    } catch (error) {
      if (error instanceof ClientLeft) reply.hijack();
      else if (!reply.raw.headersSent) throw error;
      else reply.log.error({ err: error, request_id: reply.request.id }, 'a response was cut short');
    } finally {
      this.streams--;
    }
  }

  private admit(): void {
    if (this.streams >= this.context.limits.streams) {
      throw new PosencError('overloaded', `${this.streams} tables are being computed, which is the limit`, {
        headers: { 'retry-after': '1' },
        extras: { limit: this.context.limits.streams },
      });
    }
    this.streams++;
  }

  /** The digest of the whole binary file, as JSON. */
  private async digest(file: FilePlan, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const etag = `"${createHash('sha256').update(`digest ${file.etag}`).digest('hex')}"`;
    this.preconditions(request, { etag }, reply);
    if (reply.statusCode === 304) return reply.send();
    const known = file.variant === '' ? this.digests.get(file.etag) : undefined;
    const head = request.method === 'HEAD';
    // HEAD tells a length, and every digest has the same.
    const hex = known ?? (head ? '0'.repeat(64) : await this.hash(file, request, reply));
    if (hex === null) return reply;
    if (file.variant === '' && !head) this.digests.set(file.etag, hex);
    return reply
      .header('etag', etag)
      .header('accept-ranges', 'none')
      .header('cache-control', file.variant ? 'no-store' : 'public, max-age=3600')
      .send(digestBody(file, hex));
  }

  /** SHA-256 of a whole file in hex, or null where the client has left before it was known. */
  private async hash(file: FilePlan, request: FastifyRequest, reply: FastifyReply): Promise<string | null> {
    let hex: string | null = null;
    const run = async (bulk: Delivery) => {
      const client = watchClient(request.raw.socket);
      const { pool } = this.context;
      const block = await pool.lease(client.signal);
      try {
        hex = await sha256Of(bulk, block, client.signal);
      } finally {
        pool.release(block);
        client.forget();
      }
    };
    await this.streaming(reply, () => this.inBulk(this.delivery(file), run));
    return hex;
  }
}

/**
 * Takes a response out of Fastify's hands and writes its head: `known`, and what stands on the reply. A table has a
 * dozen headers; to set each on the reply costs as much as all the rest of a small request.
 */
function beginRaw(reply: FastifyReply, started: number, known: readonly string[] = []): void {
  const head = [...known, 'server-timing', timing(started)];
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) head.push(name, String(value));
  }
  reply.hijack();
  reply.raw.writeHead(reply.statusCode, head);
}

function extensionOf(request: FastifyRequest): string | undefined {
  return (request.params as { ext?: string }).ext;
}

function queryOf(url: string): string {
  const at = url.indexOf('?');
  return at < 0 ? '' : url.slice(at + 1);
}

function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}

/** Headers of a 304: what a cache needs to know of the copy it has (RFC 9110, 15.4.5). */
function notModifiedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const names = ['etag', 'cache-control', 'content-location'] as const;
  return Object.fromEntries(
    names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])),
  );
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
