import fastifyCors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';

/** What a page needs to resume, cache and read a table. */
const exposedHeaders = [
  'Accept-Ranges',
  'Content-Disposition',
  'Content-Length',
  'Content-Location',
  'Content-Range',
  'ETag',
  'Server-Timing',
  'X-Request-Id',
  'X-Tensor-Dtype',
  'X-Tensor-Shape',
];

/** Seconds a browser may keep the answer to a preflight; Chromium keeps none longer than 7,200. */
const preflightSeconds = 600;

/** Lets pages of the given origins read responses. `*` stands for all of them. */
export function allowOrigins(app: FastifyInstance, origins: readonly string[]): void {
  app.register(fastifyCors, {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST'],
    exposedHeaders,
    maxAge: preflightSeconds,
  });
}
