import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { z } from 'zod';
import { Durations } from './durations.js';
import type { Observer } from './exchanges.js';
import { momentSchema } from './openapi-operation.js';

/** What the service counts. One object for the whole edge; streaming code adds to it block by block. */
export interface Metrics {
  /** Counts a finished or aborted exchange. */
  readonly observe: Observer;
  /** Bytes of tensor files handed to sockets. */
  tensorBytesSent(bytes: number): void;
  /** Elements computed, whether or not their bytes were sent. */
  elementsComputed(elements: number): void;
  /** A request that could not be read, and the status it was answered with. */
  unreadable(status: number): void;
  /** Shows a number that others keep, as it stands at each scrape. */
  gauge(name: string, help: string, read: () => number): void;
  /** The text of `GET /metrics`. */
  print(): Promise<{ readonly mediaType: string; readonly text: string }>;
}

export interface BuildInfo {
  readonly version: string;
  /** Kernel revision. */
  readonly revision: string;
}

/** A registry of its own, so that two apps in one process do not meet. */
export function makeMetrics({ version, revision }: BuildInfo): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  new Gauge({
    name: 'posenc_build_info',
    help: 'Always 1; the labels say what runs.',
    labelNames: ['version', 'revision', 'node'],
    registers,
  }).set({ version, revision, node: process.version }, 1);

  const durations = new Durations();
  const aborted = new Counter({
    name: 'posenc_http_requests_aborted_total',
    help: 'Responses whose client left before the last byte.',
    registers,
  });
  const unreadableRequests = new Counter({
    name: 'posenc_http_unreadable_requests_total',
    help: 'Requests that could not be read, by the status they were answered with.',
    labelNames: ['status'],
    registers,
  });
  // Added to between scrapes as plain numbers: streams count every block.
  const pending = { bytes: 0, elements: 0 };
  new Counter({
    name: 'posenc_tensor_bytes_sent_total',
    help: 'Bytes of tensor files handed to sockets.',
    registers,
    collect() {
      this.inc(pending.bytes);
      pending.bytes = 0;
    },
  });
  new Counter({
    name: 'posenc_elements_computed_total',
    help: 'Elements of tensors computed.',
    registers,
    collect() {
      this.inc(pending.elements);
      pending.elements = 0;
    },
  });

  return {
    observe({ asked: { method, route } }, { status, milliseconds, aborted: left }) {
      durations.add(method, route ?? 'none', status, milliseconds / 1000);
      if (left) aborted.inc();
    },
    tensorBytesSent(bytes) {
      pending.bytes += bytes;
    },
    elementsComputed(elements) {
      pending.elements += elements;
    },
    unreadable(status) {
      unreadableRequests.inc({ status: String(status) });
    },
    gauge(name, help, read) {
      const gauge: Gauge = new Gauge({ name, help, registers, collect: () => gauge.set(read()) });
    },
    async print() {
      return { mediaType: registry.contentType, text: `${await registry.metrics()}\n${durations.print()}` };
    },
  };
}

const schema = momentSchema(
  {
    operationId: 'getMetrics',
    tag: 'operation',
    summary: 'Metrics for Prometheus',
    description:
      'Request durations by route pattern, tensor bytes sent, elements computed, what is in use, build and process.',
    body: z.string(),
    examples: [{ title: 'Metrics', path: '/metrics' }],
  },
  'text/plain',
);

/** `GET /metrics`, in the text format of Prometheus. */
export function serveMetrics(app: FastifyInstance, metrics: Metrics): void {
  app.get('/metrics', { schema, config: { probe: true } }, async (_request, reply) => {
    const { mediaType, text } = await metrics.print();
    return reply.headers({ 'Content-Type': mediaType, 'Cache-Control': 'no-store' }).send(text);
  });
}
