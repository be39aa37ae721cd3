import type { Surroundings } from './usage.js';

/** A bar is drawn once a table takes longer than this. */
const afterMs = 1000;
const redrawMs = 100;
const width = 30;

/** A bar on standard error, on a terminal only. */
export class Progress {
  private done = 0;
  private drawn = 0;
  private readonly started = Date.now();

  constructor(
    private readonly total: number,
    private readonly stderr: Surroundings['stderr'],
  ) {}

  advance(bytes: number): void {
    this.done += bytes;
    const now = Date.now();
    if (!this.stderr.isTTY || now - this.started < afterMs || now - this.drawn < redrawMs) return;
    this.drawn = now;
    const share = this.done / this.total;
    const speed = this.done / (now - this.started) / 1e6;
    const bar = '█'.repeat(Math.round(width * share)).padEnd(width, '░');
    this.stderr.write(`\r${bar} ${(100 * share).toFixed(0).padStart(3)} %  ${speed.toFixed(2)} GB/s `);
  }

  /** Clears the line. */
  end(): void {
    if (this.drawn > 0) this.stderr.write('\r\u001b[K');
  }
}
