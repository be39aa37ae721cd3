/** A place in an arena. Once it is lost, the place belongs to others. */
export interface Room {
  readonly address: number;
  readonly bytes: number;
  lost: boolean;
}

/** Rooms begin at multiples of a cache line. */
const alignment = 64;

/**
 * A fixed stretch of memory for tables that can be written again: rooms follow one another round a ring, and the
 * newest takes the place of the oldest. Nothing is given back, so nothing can leak.
 */
export class Arena {
  private next = 0;
  /** The oldest first. */
  private readonly rooms: Room[] = [];

  constructor(
    private readonly address: number,
    readonly bytes: number,
  ) {}

  /** `bytes` bytes, at most all of the arena, until later rooms need them. */
  take(bytes: number): Room {
    const size = Math.ceil(bytes / alignment) * alignment;
    if (size > this.bytes) throw new RangeError(`${bytes} bytes in an arena of ${this.bytes}`);
    if (this.next + size > this.bytes) {
      this.lose(this.bytes);
      this.next = 0;
    }
    this.lose(this.next + size);
    const room = { address: this.address + this.next, bytes: size, lost: false };
    this.rooms.push(room);
    this.next += size;
    return room;
  }

  /** Takes from the oldest rooms what lies between the next place and `end`. */
  private lose(end: number): void {
    for (let oldest = this.rooms[0]; oldest; oldest = this.rooms[0]) {
      const at = oldest.address - this.address;
      if (at < this.next || at >= end) return;
      oldest.lost = true;
      this.rooms.shift();
    }
  }
}
