import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Exchanges } from './exchanges.js';
import type { Lifecycle } from './lifecycle.js';

/** Time between two looks at what is still running, in ms. */
const lookMs = 25;

export interface DrainTimes {
  /** New connections are still taken for this long, so that whoever routes to us has time to see `/readyz`. */
  readonly graceMs: number;
  /** Running responses have this long from the start of the drain. */
  readonly deadlineMs: number;
}

/** Closes connections that wait for a request, those that never sent a byte included. */
function closeIdle(app: FastifyInstance, exchanges: Exchanges): void {
  app.server.closeIdleConnections();
  for (const socket of exchanges.connections) if (socket.bytesRead === 0) socket.destroy();
}

/**
 * Stops the service: readiness goes 503 at once; after the grace no new connection is taken and idle ones are
 * closed; running responses finish, or are cut at the deadline; then the app is closed.
 *
 * @returns How many responses were cut.
 */
export async function drain(
  app: FastifyInstance,
  exchanges: Exchanges,
  lifecycle: Lifecycle,
  { graceMs, deadlineMs }: DrainTimes,
): Promise<number> {
  const started = performance.now();
  const left = () => deadlineMs - (performance.now() - started);
  lifecycle.drain();
  await sleep(Math.min(graceMs, deadlineMs));

  lifecycle.close();
  const closed = app.close();
  while (exchanges.running > 0 && left() > 0) {
    closeIdle(app, exchanges);
    await sleep(Math.min(lookMs, Math.max(1, left())));
  }
  const cut = exchanges.running;
  for (const socket of [...exchanges.connections]) socket.destroy();
  app.server.closeAllConnections();
  await closed;
  return cut;
}

/** The exit status that says which signal ended a process, as shells have it. */
const signals = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * On the first SIGTERM or SIGINT runs `stop`, then exits 0 (1 where it failed). A second signal exits at once,
 * with 128 and the number of the signal.
 */
export function stopOnSignals(stop: (signal: NodeJS.Signals) => Promise<void>): void {
  let stopping = false;
  for (const [name, number] of Object.entries(signals)) {
    process.on(name, () => {
      if (stopping) process.exit(128 + number);
      stopping = true;
      stop(name === 'SIGINT' ? 'SIGINT' : 'SIGTERM').then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
  }
}
