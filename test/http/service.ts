import { connect, type Socket } from 'node:net';
import { Writable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { healthRoutes } from '../../routes/health.js';
import { limitsRoutes } from '../../routes/limits.js';
import { type AppOptions, buildApp } from '../../src/app.js';
import { loadConfig } from '../../src/config.js';
import type { AppContext } from '../../src/context.js';

/** What of a test the helpers need: to be told when it ends. */
interface Owner {
  teardown(fn: () => void | Promise<void>): void;
}

/** The routes that know nothing of tables. */
export function edgeRoutes(app: FastifyInstance, context: AppContext): void {
  healthRoutes(app, context);
  limitsRoutes(app, context);
}

/** An app for `inject`, configured by environment variables, with the edge's own routes unless others are given, closed with the test. */
export function makeService(
  t: Owner,
  env: Record<string, string> = {},
  options: AppOptions = {},
): FastifyInstance {
  const app = buildApp(loadConfig(env, []).config, { routes: edgeRoutes, ...options });
  t.teardown(async () => {
    app.server.closeAllConnections();
    await app.close();
  });
  return app;
}

/** The same on a free port of 127.0.0.1. */
export async function listen(app: FastifyInstance): Promise<number> {
  await app.listen({ host: '127.0.0.1', port: 0 });
  const address = app.server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

/** A connection that keeps what it receives as text. */
export interface RawClient {
  readonly socket: Socket;
  readonly received: () => string;
  readonly closed: Promise<string>;
}

/** Connects and writes `text` as it is. */
export function rawClient(port: number, text: string): RawClient {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.setEncoding('latin1');
  socket.on('data', (data) => {
    received += String(data);
  });
  socket.on('error', () => {});
  socket.on('connect', () => socket.write(text, 'latin1'));
  const closed = new Promise<string>((resolve) => socket.on('close', () => resolve(received)));
  return { socket, received: () => received, closed };
}

/** Writes `text` on a connection of its own and resolves with all that came until the server closed it. */
export function exchange(port: number, text: string): Promise<string> {
  return rawClient(port, text).closed;
}

/** Waits until a condition holds; fails after ten seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A logger that keeps its lines. */
export function recorder(): { logger: pino.Logger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  return { logger: pino({ level: 'info', base: null }, stream), lines };
}
