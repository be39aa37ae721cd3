import type { FastifyReply, FastifyRequest } from 'fastify';
import { Checksums } from '../src/checksums.js';
import type { AppContext } from '../src/context.js';
import { PosencError } from '../src/errors.js';
import type { Cost, Ticket } from '../src/http/admission.js';
import { ClientLeft, watchClient } from '../src/http/client.js';
import { Lru } from '../src/lru.js';
import { chunksOf, type Delivery } from '../src/pieces.js';
import type { FilePlan } from '../src/table.js';

/** Files whose CRC-32s are kept. */
const keptChecksums = 1024;
/** Only zip files have checksums. */
const noChecksums = new Checksums();
/** One chunk a tensor. */
const undivided = Number.MAX_SAFE_INTEGER;

/**
 * What bytes start … end − 1 of a binary file take.
 *
 * @param spare Bytes that are computed beside them, for their checksums.
 */
export function costOf(file: FilePlan, start: number, end: number, spare: number): Cost {
  let elements = spare;
  for (const chunk of chunksOf(file, start, end, undivided)) {
    if (chunk.kind === 'elements') elements += chunk.count;
  }
  return { elements, bytes: end - start };
}

/** Reads tables for responses: who may, on which threads, counted by whom. */
export class TableReads {
  private readonly checksumsOf = new Lru<string, Map<number, number>>(keptChecksums);

  constructor(private readonly context: AppContext) {}

  /** A file for reading on this thread. */
  delivery(file: FilePlan, ticket?: Ticket): Delivery {
    const { tables, metrics } = this.context;
    return {
      file,
      read: tables.reader(file.table),
      checksums: file.format.name === 'npz' ? this.checksums(file) : noChecksums,
      count: (elements, bytes) => {
        if (elements > 0) metrics.elementsComputed(elements);
        if (bytes > 0) metrics.tensorBytesSent(bytes);
        ticket?.spend({ elements, bytes });
      },
    };
  }

  /** Refuses what is too much for one response, before anything waits or is computed. */
  check({ elements }: Cost): void {
    const limit = this.context.limits.request_elements;
    if (elements <= limit) return;
    throw new PosencError(
      'table_too_large',
      `the response takes ${elements} elements, the limit is ${limit}`,
      {
        extras: { limit, requested: elements, unit: 'elements' },
      },
    );
  }

  /**
   * Runs a long response once it is admitted. What fails before its head has been written is thrown, to be
   * answered as an error; what fails later has closed the connection and is logged.
   *
   * The promise is of nothing: a reply is thenable, and one that is still to be sent would wait for itself.
   */
  async admitted(
    request: FastifyRequest,
    reply: FastifyReply,
    cost: Cost,
    run: (ticket: Ticket) => Promise<void>,
  ): Promise<void> {
    const client = watchClient(request.raw.socket);
    let ticket: Ticket | undefined;
    try {
      ticket = await this.context.admission.admit(request.ip, cost, client.signal);
      await run(ticket);
    } catch (error) {
      if (error instanceof ClientLeft) reply.hijack();
      else if (!reply.raw.headersSent) throw error;
      else reply.log.error({ err: error, request_id: request.id }, 'a response was cut short');
    } finally {
      ticket?.release();
      client.forget();
    }
  }

  /** Reads a file on threads, where they may. */
  async inBulk<T>(file: FilePlan, ticket: Ticket, run: (bulk: Delivery) => Promise<T>): Promise<T> {
    const { threads, tables } = this.context;
    const { table } = file;
    const delivery = this.delivery(file, ticket);
    // gpu.js lives on this thread.
    if (tables.choice(table) === 'gpu' || !threads?.knows(table.encoding)) return run(delivery);
    const reader = threads.open(table, delivery.read);
    try {
      return await run({ ...delivery, read: reader.read });
    } finally {
      reader.close();
    }
  }

  /** What is known of the checksums outlives the request where the bytes are a function of the ETag. */
  private checksums({ etag, variant }: FilePlan): Checksums {
    if (variant !== '') return new Checksums();
    const known = this.checksumsOf.get(etag) ?? new Map<number, number>();
    this.checksumsOf.set(etag, known);
    return new Checksums(known);
  }
}
