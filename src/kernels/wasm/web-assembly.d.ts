/** What is used of WebAssembly, which the types of Node leave to those of browsers. */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum: number; shared: true });
    /** Another object after each growth; the old one stays valid for the part it covers. */
    readonly buffer: SharedArrayBuffer;
    /** Adds pages of 64 KiB and returns how many there were. Throws RangeError beyond the maximum. */
    grow(pages: number): number;
  }

  class Module {
    private constructor();
  }

  class Instance<Exports> {
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>);
    readonly exports: Exports;
  }

  function compile(bytes: Uint8Array): Promise<Module>;
}
