import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AppContext } from '../src/context.js';
import { watchClient } from '../src/http/client.js';
import { answeredByPreconditions } from '../src/http/preconditions.js';
import { Lru } from '../src/lru.js';
import { digestBody, sha256Of } from '../src/pieces.js';
import type { FilePlan } from '../src/table.js';
import { costOf, type TableReads } from './table-reads.js';

/** Files whose SHA-256 is kept. */
const keptDigests = 1024;

/** Digests of whole binary files, as JSON. */
export class TableDigests {
  private readonly known = new Lru<string, string>(keptDigests);

  constructor(
    private readonly context: AppContext,
    private readonly reads: TableReads,
  ) {}

  async answer(file: FilePlan, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const etag = `"${createHash('sha256').update(`digest ${file.etag}`).digest('hex')}"`;
    if (answeredByPreconditions(request, reply, { etag })) return reply;
    const known = file.variant === '' ? this.known.get(file.etag) : undefined;
    const head = request.method === 'HEAD';
    // HEAD tells a length, and every digest has the same.
    const hex = known ?? (head ? '0'.repeat(64) : await this.hash(file, request, reply));
    if (hex === null) return reply;
    if (file.variant === '' && !head) this.known.set(file.etag, hex);
    return reply
      .header('etag', etag)
      .header('accept-ranges', 'none')
      .header('cache-control', file.variant ? 'no-store' : 'public, max-age=3600')
      .send(digestBody(file, hex));
  }

  /** SHA-256 of a whole file in hex, or null where the client has left before it was known. */
  private async hash(file: FilePlan, request: FastifyRequest, reply: FastifyReply): Promise<string | null> {
    let hex: string | null = null;
    const cost = { ...costOf(file, 0, file.layout?.byteLength ?? 0, 0), bytes: 0 };
    this.reads.check(cost);
    await this.reads.admitted(request, reply, cost, (ticket) =>
      this.reads.inBulk(file, ticket, async (bulk) => {
        const client = watchClient(request.raw.socket);
        const { pool } = this.context;
        const block = await pool.lease(client.signal);
        try {
          hex = await sha256Of(bulk, block, client.signal);
        } finally {
          pool.release(block);
          client.forget();
        }
      }),
    );
    return hex;
  }
}
