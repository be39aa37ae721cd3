import fastifyCors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
import { headerComponents } from './openapi-headers.js';

/** Every header that the document speaks of; and `Allow`, which only methods that it does not show are answered. */
const exposedHeaders = [...Object.keys(headerComponents), 'Allow'];

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
