import { PosencError } from '../errors.js';
import type { Limits } from '../limits.js';

/** What a response takes: elements to compute, and bytes of a length that is known. */
export interface Cost {
  readonly elements: number;
  readonly bytes: number;
}

/** The right to compute a table. */
export interface Ticket {
  /** A part of the cost is behind us. */
  readonly spend: (part: Cost) => void;
  /** All of it is; a second call does nothing. */
  readonly release: () => void;
}

type AdmissionLimits = Pick<
  Limits,
  'streams' | 'elements_in_flight' | 'bytes_in_flight' | 'client_share' | 'queued' | 'queue_ms'
>;

/** Admitted and not yet done: of one client, or of all. */
interface Load {
  streams: number;
  elements: number;
  bytes: number;
}

interface Waiter {
  readonly cost: Cost;
  readonly admit: (ticket: Ticket) => void;
}

/** A client with work under way or waiting. */
interface Client {
  readonly load: Load;
  readonly waiting: Waiter[];
}

const nothing = (): Load => ({ streams: 0, elements: 0, bytes: 0 });

function add(load: Load, streams: number, { elements, bytes }: Cost): void {
  load.streams += streams;
  load.elements += elements;
  load.bytes += bytes;
}

/**
 * Decides who may compute. So much is under way at a time, counted in tables, elements and bytes; who comes later
 * waits, and not for ever. Clients take turns, and each has no more than its share, so that one that asks for
 * everything leaves room for others.
 */
export class Admission {
  private readonly total = nothing();
  /** Clients in the order of their turns. */
  private readonly clients = new Map<string, Client>();
  private waiting = 0;

  constructor(private readonly limits: AdmissionLimits) {}

  /** What is under way, and how many wait. */
  get state(): Readonly<Load> & { readonly queued: number } {
    return { ...this.total, queued: this.waiting };
  }

  /**
   * Waits until a response may be computed.
   *
   * @param signal Ends the waiting; its reason is thrown.
   * @throws PosencError 429 where this client has its share or fills its part of the queue, 503 where the service
   * has no room, at once or when the time is over.
   */
  async admit(name: string, cost: Cost, signal: AbortSignal): Promise<Ticket> {
    signal.throwIfAborted();
    const { limits } = this;
    const client = this.clientOf(name);
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const settle = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', leave);
      };
      const waiter: Waiter = {
        cost,
        admit: (ticket) => {
          settle();
          resolve(ticket);
        },
      };
      const giveUp = (reason: unknown) => {
        settle();
        client.waiting.splice(client.waiting.indexOf(waiter), 1);
        this.waiting--;
        this.forget(name, client);
        reject(reason);
        // Others may have waited for this one.
        this.turn();
      };
      const leave = () => giveUp(signal.reason);
      const refuse = () => giveUp(this.refusal(client, cost));

      client.waiting.push(waiter);
      this.waiting++;
      this.turn();
      if (!client.waiting.includes(waiter)) return;
      if (this.waiting > limits.queued || client.waiting.length > this.share(limits.queued)) {
        refuse();
        return;
      }
      timer = setTimeout(refuse, limits.queue_ms);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  private clientOf(name: string): Client {
    let client = this.clients.get(name);
    if (!client) {
      client = { load: nothing(), waiting: [] };
      this.clients.set(name, client);
    }
    return client;
  }

  private forget(name: string, { load, waiting }: Client): void {
    if (load.streams === 0 && waiting.length === 0) this.clients.delete(name);
  }

  /** Admits whoever is next, as long as there is room. */
  private turn(): void {
    for (let admitted = true; admitted; ) {
      admitted = false;
      for (const [name, client] of this.clients) {
        const [next] = client.waiting;
        if (!next || !this.hasShare(client.load, next.cost)) continue;
        // Smaller tables of others do not overtake: a large one would wait for ever.
        if (!this.hasRoom(next.cost)) return;
        client.waiting.shift();
        this.waiting--;
        // To the end of the order.
        this.clients.delete(name);
        this.clients.set(name, client);
        next.admit(this.ticket(name, client, next.cost));
        admitted = true;
        break;
      }
    }
  }

  private ticket(name: string, client: Client, cost: Cost): Ticket {
    const left = { ...cost };
    let held = true;
    for (const load of [client.load, this.total]) add(load, 1, left);
    const spend = (part: Cost) => {
      if (!held) return;
      const elements = -Math.min(left.elements, part.elements);
      const bytes = -Math.min(left.bytes, part.bytes);
      left.elements += elements;
      left.bytes += bytes;
      for (const load of [client.load, this.total]) add(load, 0, { elements, bytes });
      if (this.waiting > 0) this.turn();
    };
    return {
      spend,
      release: () => {
        if (!held) return;
        held = false;
        for (const load of [client.load, this.total])
          add(load, -1, { elements: -left.elements, bytes: -left.bytes });
        this.forget(name, client);
        this.turn();
      },
    };
  }

  /** A client's part of a limit, in whole numbers and at least 1. */
  private share(limit: number): number {
    return Math.max(1, Math.floor((limit * this.limits.client_share) / 100));
  }

  private hasRoom({ elements, bytes }: Cost): boolean {
    const { limits, total } = this;
    if (total.streams === 0) return true;
    return (
      total.streams < limits.streams &&
      total.elements + elements <= limits.elements_in_flight &&
      total.bytes + bytes <= limits.bytes_in_flight
    );
  }

  private hasShare(load: Load, { elements, bytes }: Cost): boolean {
    const { limits } = this;
    if (load.streams === 0) return true;
    return (
      load.streams < this.share(limits.streams) &&
      load.elements + elements <= this.share(limits.elements_in_flight) &&
      load.bytes + bytes <= this.share(limits.bytes_in_flight)
    );
  }

  private refusal({ load, waiting }: Client, cost: Cost): PosencError {
    const { limits, total } = this;
    const headers = { 'retry-after': String(Math.max(1, Math.ceil(limits.queue_ms / 1000))) };
    if (!this.hasShare(load, cost) || waiting.length > this.share(limits.queued)) {
      const detail = `${load.streams} tables of this client are being computed and ${waiting.length} wait, which is its share`;
      return new PosencError('too_many_requests', detail, {
        headers,
        extras: { limit: this.share(limits.streams), running: load.streams, queued: waiting.length },
      });
    }
    const detail = `${total.streams} tables are being computed and ${this.waiting} wait`;
    return new PosencError('overloaded', detail, {
      headers,
      extras: { limit: limits.streams, running: total.streams, queued: this.waiting },
    });
  }
}
