import type { Socket } from 'node:net';
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
function closeIdle(exchanges: Exchanges): void {
  for (const socket of [...exchanges.connections]) if (exchanges.on(socket).length === 0) socket.destroy();
}

/** Cuts a connection. The server closes before its connections do, and only their `close` ends their exchanges. */
function destroyed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
    socket.destroy();
  });
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
  // Node counts a connection as idle once its response has been ended, though the last blocks of it still wait for
  // their reader; closing the server would cut them.
  app.server.closeIdleConnections = () => closeIdle(exchanges);
  const closed = app.close();
  while (exchanges.running > 0 && left() > 0) {
    closeIdle(exchanges);
    await sleep(Math.min(lookMs, Math.max(1, left())));
  }
  const cut = exchanges.running;
  const gone = [...exchanges.connections].map(destroyed);
  app.server.closeAllConnections();
  await Promise.all([closed, ...gone]);
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
