import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The reader of a response is gone: nobody's fault, and nobody to tell. */
export class ClientLeft extends Error {
  constructor() {
    super('the client left');
    this.name = 'ClientLeft';
  }
}

/** Whether a client is still there. */
export interface Presence {
  /** Aborts with `ClientLeft` when the connection has closed: from then on nothing reads what was written to it. */
  readonly signal: AbortSignal;
  /** Ends the watch. */
  readonly forget: () => void;
}

/**
 * Watches the connection of a request. The connection and not its response: a response that is queued behind
 * others (pipelining) is told nothing when the client leaves, and neither are the callbacks of its writes.
 */
export function watchClient(socket: Socket): Presence {
  const left = new AbortController();
  const leave = () => left.abort(new ClientLeft());
  if (socket.closed) leave();
  // One listener a response: a client may pipeline more of them than Node's default warning allows.
  else socket.setMaxListeners(0).once('close', leave);
  return { signal: left.signal, forget: () => socket.removeListener('close', leave) };
}

/** Waits until the responses before this one have been sent. Rejects with `ClientLeft` when the client leaves first. */
export async function turnOf(response: ServerResponse, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (response.socket) return;
  try {
    await once(response, 'socket', { signal });
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
}
