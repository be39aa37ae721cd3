import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The path of a file of this directory that has no compiled form: it stands beside this file's source. */
export function sourceFile(name: string): string {
  return fileURLToPath(new URL(`../../bench/${name}`, import.meta.url));
}

/** A process that says a line about itself, and answers each line it is given with a number. */
export class LinePeer {
  private constructor(
    private readonly child: ChildProcess,
    private readonly lines: AsyncIterator<string>,
    /** What it said of itself. */
    readonly about: string,
  ) {}

  /** @param cores Cores that it may use, as `taskset -c` has them. */
  static async start(cores: string, command: string, ...args: readonly string[]): Promise<LinePeer> {
    const child = spawn('taskset', ['-c', cores, command, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = await lines.next();
    if (first.done) throw new Error(`${command} ${args.join(' ')} did not start`);
    return new LinePeer(child, lines, first.value);
  }

  async ask(line: string): Promise<number> {
    this.child.stdin?.write(`${line}\n`);
    const answer = await this.lines.next();
    if (answer.done) throw new Error('the process has ended');
    return Number(answer.value);
  }

  stop(): void {
    this.child.stdin?.end();
  }
}
