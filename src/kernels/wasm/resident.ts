import type { Room } from './arena.js';
import type { WasmEngine } from './engine.js';

export type Table = Float64Array | Int32Array;

interface Placed {
  readonly table: Table;
  /** From the begin of the room. */
  readonly offset: number;
}

/** A filler's tables in the engine's memory, written again where newer ones have taken their place. */
export class Resident {
  private readonly constants: Placed[] = [];
  private readonly variables: Placed[] = [];
  private bytes = 0;
  private room: Room | undefined;
  private version = Number.NaN;

  constructor(private readonly engine: WasmEngine) {}

  /** Adds a table that never changes and returns its offset. All are added before the first use. */
  constant(table: Table): number {
    return this.add(table, this.constants);
  }

  /** Adds a table that changes with the version and returns its offset. */
  variable(table: Table): number {
    return this.add(table, this.variables);
  }

  /** Makes sure that the tables are there, as of this version, and returns the address of offset 0. */
  at(version = 0): number {
    let { room } = this;
    if (!room || room.lost) {
      room = this.engine.arena.take(this.bytes);
      this.room = room;
      this.write(room, this.constants);
      this.version = Number.NaN;
    }
    if (version !== this.version) {
      this.write(room, this.variables);
      this.version = version;
    }
    return room.address;
  }

  private add(table: Table, placed: Placed[]): number {
    const offset = this.bytes;
    placed.push({ table, offset });
    this.bytes += Math.ceil(table.byteLength / 64) * 64;
    return offset;
  }

  private write({ address }: Room, placed: readonly Placed[]): void {
    const { buffer } = this.engine.memory;
    for (const { table, offset } of placed) {
      if (table instanceof Int32Array) new Int32Array(buffer, address + offset, table.length).set(table);
      else new Float64Array(buffer, address + offset, table.length).set(table);
    }
  }
}
