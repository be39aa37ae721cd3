/** The command line cannot be understood; the message says why. */
export class UsageError extends Error {}

/** One command of the command line. */
export interface Command {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  /** Returns the exit code. */
  readonly run: (argv: readonly string[]) => Promise<number>;
}
