/** A block of memory that one request may fill and hand to its socket. */
export type Block = Uint8Array;

/** Makes one block; memory that threads share lets them fill it. */
export type MakeBlock = (bytes: number) => Block;

export const sharedBlock: MakeBlock = (bytes) => new Uint8Array(new SharedArrayBuffer(bytes));

interface Waiter {
  readonly take: (block: Block) => void;
}

/**
 * The service's only bulk memory: a fixed number of equal blocks, made on first need and used again for ever.
 * A block belongs to one request from `lease` to `release`; waiting requests are served in order of arrival.
 */
export class BlockPool {
  private readonly free: Block[] = [];
  private readonly waiting: Waiter[] = [];
  private made = 0;

  /**
   * @param reserved Blocks that `leaseSpare` leaves for others: one for every request that may come.
   */
  constructor(
    readonly blockBytes: number,
    readonly capacity: number,
    private readonly reserved = 0,
    private readonly makeBlock: MakeBlock = sharedBlock,
  ) {}

  /** Blocks leased at this moment. */
  get leased(): number {
    return this.made - this.free.length;
  }

  /** A block now, or when one is given back. Fails with the signal's reason when it aborts first. */
  lease(signal: AbortSignal): Block | Promise<Block> {
    signal.throwIfAborted();
    const block = this.take();
    if (block) return block;
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        take: (given) => {
          signal.removeEventListener('abort', leave);
          resolve(given);
        },
      };
      const leave = () => {
        const at = this.waiting.indexOf(waiter);
        if (at >= 0) this.waiting.splice(at, 1);
        reject(signal.reason);
      };
      this.waiting.push(waiter);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** A further block for a request that has one, or null where it may be another's only one. */
  leaseSpare(): Block | null {
    return this.leased + this.reserved < this.capacity ? (this.take() ?? null) : null;
  }

  /** Gives a block back. The caller must be sure that nothing reads or writes its memory any more. */
  release(block: Block): void {
    const next = this.waiting.shift();
    if (next) next.take(block);
    else this.free.push(block);
  }

  private take(): Block | undefined {
    const block = this.free.pop();
    if (block || this.made >= this.capacity) return block;
    this.made++;
    return this.makeBlock(this.blockBytes);
  }
}
