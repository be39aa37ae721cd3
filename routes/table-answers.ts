import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { checksumBytes } from '../src/checksums.js';
import type { AppContext } from '../src/context.js';
import { PosencError } from '../src/errors.js';
import { binaryBody, SmallBody, textBody } from '../src/http/bodies.js';
import { rangeApplies } from '../src/http/conditional.js';
import { type ReadyAnswer, timing } from '../src/http/early.js';
import { acceptsGzip } from '../src/http/negotiate.js';
import { answeredByPreconditions } from '../src/http/preconditions.js';
import { parseRange } from '../src/http/range.js';
import { stream } from '../src/http/send.js';
import { streamText } from '../src/http/send-text.js';
import type { KnownHeaders } from '../src/http/table-headers.js';
import { addVary } from '../src/http/vary.js';
import { Lru } from '../src/lru.js';
import type { Delivery } from '../src/pieces.js';
import type { FilePlan } from '../src/table.js';
import { TableDigests } from './table-digests.js';
import { costOf, TableReads } from './table-reads.js';
import type { Resolved } from './table-requests.js';

/** Nothing where the response has been written past Fastify, as `hijack` allows. */
export type Answer = FastifyReply | Promise<FastifyReply> | undefined;

/** Data that may be read only to put its checksum into a range of an npz file; beyond it the whole is sent. */
const checksumRunBytes = 2 ** 30;

/** Answers requests for tables: whole, in part, from what is kept, or not at all. */
export class TableAnswers {
  private readonly bodies: Lru<string, SmallBody>;
  private readonly reads: TableReads;
  private readonly digests: TableDigests;

  constructor(private readonly context: AppContext) {
    this.bodies = new Lru(context.limits.cached_bodies_bytes);
    this.reads = new TableReads(context);
    this.digests = new TableDigests(context, this.reads);
  }

  /** The answer to a GET where nothing is left to do: a small body that is kept, or that the client's copy is good. */
  ready(resolved: Resolved, request: IncomingHttpHeaders): ReadyAnswer | null {
    const { file, headers, gzipHeaders, vary, route, path } = resolved;
    if (file.variant !== '' || file.table.digest || request['if-match'] !== undefined) return null;
    const gzip = gzipHeaders !== null && acceptsGzip(request['accept-encoding']);
    const known = gzip ? gzipHeaders : headers;
    const ifNoneMatch = request['if-none-match'];
    if (ifNoneMatch !== undefined) {
      // What is not simply this tag has to be read first.
      if (ifNoneMatch !== known.fields.etag) return null;
      return { status: 304, head: known.notModified(vary), body: null, route, path };
    }
    const text = file.format.kind === 'text';
    if (!text && request.range !== undefined) return null;
    const small = this.bodies.get(file.etag);
    if (!small) return null;
    const { length } = gzip ? small.gzip : small.plain;
    this.context.metrics.tensorBytesSent(length);
    const body = gzip ? small.gzip : text ? small.latin1 : small.plain;
    return { status: 200, head: known.ofLength(length, vary), body, route, path };
  }

  /** What the preconditions leave to be answered. Small known texts are answered at once, without a promise. */
  answer(
    { file, headers, gzipHeaders, vary }: Resolved,
    request: FastifyRequest,
    reply: FastifyReply,
    started: number,
  ): Answer {
    const gzip = gzipHeaders !== null && acceptsGzip(request.headers['accept-encoding']);
    if (vary !== '') addVary(reply, vary);
    if (file.table.digest) return this.digests.answer(file, request, reply);
    const chosen = gzip ? gzipHeaders : headers;
    if (answeredByPreconditions(request, reply, chosen.fields)) return reply;
    if (file.format.kind === 'text') return this.text(file, chosen, gzip, request, reply, started);
    return this.binary(file, chosen.fields, request, reply, started);
  }

  private text(
    file: FilePlan,
    headers: KnownHeaders,
    gzip: boolean,
    request: FastifyRequest,
    reply: FastifyReply,
    started: number,
  ): Answer {
    const cost = { elements: file.table.elements, bytes: 0 };
    this.reads.check(cost);
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
        return this.reads
          .admitted(request, reply, cost, async () => {
            metrics.tensorBytesSent(await streamText(reply.raw, begin, printed.pieces, gzip));
          })
          .then(() => reply);
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

    const delivery = this.reads.delivery(file);
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
      const missing =
        range.kind === 'range' ? checksumBytes(file, delivery.checksums, range.start, range.end) : 0;
      if (range.kind === 'range' && missing <= checksumRunBytes) {
        ({ start, end } = range);
        spare = missing;
        reply.code(206).header('content-range', `bytes ${start}-${end - 1}/${size}`);
      }
    }
    const cost = costOf(file, start, end, spare);
    this.reads.check(cost);
    reply.header('content-length', end - start);
    if (request.method === 'HEAD') return reply.header('server-timing', timing(started)).send();

    const { limits, metrics, pool } = this.context;
    if (end - start + spare <= limits.cached_body_bytes) {
      const body = await this.smallBinary(delivery, start, end, size, spare);
      metrics.tensorBytesSent(body.length);
      return reply.header('server-timing', timing(started)).send(body);
    }
    const begin = () => beginRaw(reply, started);
    await this.reads.admitted(request, reply, cost, (ticket) =>
      this.reads.inBulk(file, ticket, (bulk) => stream(bulk, pool, reply.raw, begin, start, end)),
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

function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}
