import { Worker } from 'node:worker_threads';
import type { AnyEncoding } from '../encodings/define.js';
import { encodings } from '../encodings/index.js';
import type { Block } from '../kernels/pool.js';
import type { EngineShare, WasmEngine } from '../kernels/wasm/engine.js';
import type { ReadBlock } from '../pieces.js';
import type { TablePlan } from '../table.js';
import type { FromThread, ThreadData, ToThread } from './messages.js';

/** Jobs a thread has at once: one under way, and the next, so that it need not wait for the main thread. */
const jobsPerThread = 2;
/** Starts in a row that end in death before anything was computed; from then on the next one waits. */
const vainStarts = 3;
/** How long it waits at first; then twice as long each time, up to the second number. */
const waitMs = { first: 1000, most: 60_000 };

/** Fills blocks from one table, until it is closed. */
export interface BulkReader {
  /** Elements first … first + count − 1 of tensor number `tensor`, as the bytes of their dtype. */
  readonly read: (tensor: number, first: number, count: number, block: Block) => Promise<void>;
  readonly close: () => void;
}

interface Job {
  readonly id: number;
  readonly table: OpenTable;
  readonly tensor: number;
  readonly first: number;
  readonly count: number;
  readonly block: Block;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface OpenTable {
  readonly id: number;
  readonly message: ToThread;
  /** Computes on the main thread, where threads fail. */
  readonly fallback: ReadBlock;
  readonly waiting: Job[];
  closed: boolean;
}

export interface ThreadOptions {
  /** Computes on the threads too, in its memory; without it they have TypeScript. */
  readonly engine?: WasmEngine | undefined;
  /** Told of each thread that dies, and why. */
  readonly onDeath?: (reason: string) => void;
  /** The module that threads run. */
  readonly entry?: URL;
}

interface Thread {
  readonly worker: Worker;
  readonly share: EngineShare | null;
  readonly jobs: Map<number, Job>;
  readonly opened: Set<number>;
  ready: boolean;
  computed: boolean;
}

/**
 * Threads that compute blocks while the event loop writes those before. Tables take turns, so that none waits for
 * all the blocks of another. A thread that dies is replaced, and what it had not finished is computed by others; by
 * the event loop where there are none.
 */
export class ThreadPool {
  private readonly threads = new Set<Thread>();
  private readonly jobs = new Set<Job>();
  /** Tables with waiting jobs, the next one first. */
  private turns: OpenTable[] = [];
  private lastId = 0;
  private vain = 0;
  /** Starts that wait. */
  private readonly starts = new Set<NodeJS.Timeout>();
  private closing = false;
  private readonly engine: WasmEngine | undefined;
  private readonly onDeath: (reason: string) => void;
  private readonly entry: URL;
  /** Shares of threads that have died: memory is never given back. */
  private readonly shares: EngineShare[] = [];

  /**
   * @param size Number of threads.
   */
  constructor(
    readonly size: number,
    {
      engine,
      onDeath = () => undefined,
      entry = new URL('./thread.js', import.meta.url),
    }: ThreadOptions = {},
  ) {
    this.engine = engine;
    this.onDeath = onDeath;
    this.entry = entry;
    for (let i = 0; i < size; i++) this.start();
  }

  /** The threads that are there at this moment. */
  get workers(): readonly Worker[] {
    return [...this.threads].map(({ worker }) => worker);
  }

  /** Jobs that wait or are under way. */
  get pending(): number {
    return this.jobs.size;
  }

  /** Whether threads know an encoding: they have the registry, and nothing that was added in this process. */
  knows(encoding: AnyEncoding): boolean {
    return this.size > 0 && encodings.includes(encoding);
  }

  /** Opens a table for reading; it must be closed. Closing gives up what still waits. */
  open(plan: TablePlan, fallback: ReadBlock): BulkReader {
    const id = ++this.lastId;
    const { encoding, params, backend } = plan;
    const table: OpenTable = {
      id,
      message: { kind: 'open', table: id, encoding: encoding.id, params, backend },
      fallback,
      waiting: [],
      closed: false,
    };
    return {
      read: (tensor, first, count, block) =>
        new Promise((resolve, reject) => {
          this.add({ id: ++this.lastId, table, tensor, first, count, block, resolve, reject });
        }),
      close: () => {
        table.closed = true;
        for (const job of table.waiting.splice(0)) this.drop(job);
        for (const { worker, opened } of this.threads) {
          if (opened.delete(id)) worker.postMessage({ kind: 'close', table: id } satisfies ToThread);
        }
      },
    };
  }

  /** Ends all threads; what is under way is computed on the main thread. */
  async close(): Promise<void> {
    this.closing = true;
    for (const timer of this.starts) clearTimeout(timer);
    for (const { worker } of this.threads) worker.ref();
    await Promise.all([...this.threads].map(({ worker }) => worker.terminate()));
  }

  private add(job: Job): void {
    if (this.jobs.size === 0) for (const { worker } of this.threads) worker.ref();
    this.jobs.add(job);
    this.queue(job);
    this.dispatch();
  }

  /** A process need not stay for threads that have nothing to do. */
  private forget(job: Job): void {
    this.jobs.delete(job);
    if (this.jobs.size === 0 && !this.closing) for (const { worker } of this.threads) worker.unref();
  }

  private drop(job: Job): void {
    this.forget(job);
    job.reject(new Error('the table was closed'));
  }

  private queue(job: Job): void {
    if (job.table.closed) this.drop(job);
    else if (job.table.waiting.push(job) === 1) this.turns.push(job.table);
  }

  private next(): Job | undefined {
    const table = this.turns.shift();
    const job = table?.waiting.shift();
    if (table && table.waiting.length > 0) this.turns.push(table);
    return job;
  }

  /** Gives waiting jobs to threads, each time to the one with the fewest. */
  private dispatch(): void {
    if (this.threads.size === 0) {
      for (let job = this.next(); job; job = this.next()) this.computeHere(job);
      return;
    }
    while (this.turns.length > 0) {
      const free = [...this.threads].filter(({ ready, jobs }) => ready && jobs.size < jobsPerThread);
      const thread = free.sort((a, b) => a.jobs.size - b.jobs.size)[0];
      if (!thread) return;
      const job = this.next();
      if (job) this.give(job, thread);
    }
  }

  private give(job: Job, { worker, share, jobs, opened }: Thread): void {
    const { id, table, tensor, first, count, block } = job;
    const address = share && this.engine ? this.engine.addressOf(block) : null;
    jobs.set(id, job);
    if (!opened.has(table.id)) {
      opened.add(table.id);
      worker.postMessage(table.message);
    }
    worker.postMessage({
      kind: 'fill',
      job: id,
      table: table.id,
      tensor,
      first,
      count,
      block: address === null ? block : { address, bytes: block.length },
    } satisfies ToThread);
  }

  private async computeHere(job: Job): Promise<void> {
    this.forget(job);
    try {
      await job.table.fallback(job.tensor, job.first, job.count, job.block);
      job.resolve();
    } catch (error) {
      job.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private start(): void {
    const share = this.shares.pop() ?? this.engine?.share() ?? null;
    const worker = new Worker(this.entry, { workerData: { share } satisfies ThreadData });
    const thread: Thread = {
      worker,
      share,
      jobs: new Map(),
      opened: new Set(),
      ready: false,
      computed: false,
    };
    this.threads.add(thread);
    if (this.jobs.size === 0) worker.unref();
    let reason = '';
    worker.on('message', (message: FromThread) => this.hear(thread, message));
    worker.on('error', (error) => {
      reason = error instanceof Error ? error.message : String(error);
    });
    worker.once('exit', (code) => this.bury(thread, reason || `exit code ${code}`));
  }

  private hear(thread: Thread, message: FromThread): void {
    if (message.kind === 'ready') {
      thread.ready = true;
    } else {
      const job = thread.jobs.get(message.job);
      thread.jobs.delete(message.job);
      if (job) this.forget(job);
      thread.computed = true;
      this.vain = 0;
      if (message.kind === 'done') job?.resolve();
      else job?.reject(new Error(message.message));
    }
    this.dispatch();
  }

  /** A thread has ended: nothing writes into the blocks of its jobs any more, so others may. */
  private bury(thread: Thread, reason: string): void {
    this.threads.delete(thread);
    if (thread.share) this.shares.push(thread.share);
    if (!this.closing) {
      this.onDeath(reason);
      if (!thread.computed) this.vain++;
      this.replace();
    }
    for (const job of thread.jobs.values()) this.queue(job);
    this.dispatch();
  }

  /** Starts a thread in place of one that has died: at once, unless threads keep dying of what they are. */
  private replace(): void {
    if (this.vain < vainStarts) {
      this.start();
      return;
    }
    const timer = setTimeout(
      () => {
        this.starts.delete(timer);
        this.start();
      },
      Math.min(waitMs.most, waitMs.first * 2 ** (this.vain - vainStarts)),
    );
    this.starts.add(timer.unref());
  }
}
