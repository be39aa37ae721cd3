import type { Writable } from 'node:stream';
import type { AnyEncoding } from '../encodings/define.js';

/** The command line cannot be understood; the message says why. */
export class UsageError extends Error {}

/** What a command works with beside its arguments. */
export interface Surroundings {
  /** The registry. */
  readonly encodings: readonly AnyEncoding[];
  /** Environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean };
}

/** One command of the command line. */
export interface Command {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  /** What `--help` says beyond usage and summary. */
  readonly help?: (argv: readonly string[], surroundings: Surroundings) => string;
  /** Returns the exit code. Throws UsageError, ConfigError and PosencError, and what a stream or file says. */
  readonly run: (argv: readonly string[], surroundings: Surroundings) => Promise<number>;
}

/** A flag as help shows it. */
export interface FlagHelp {
  /** The flag with its dashes, and what else may be written for it. */
  readonly flag: string;
  /** What its value may be. */
  readonly values: string;
  readonly meaning: string;
}

/** Flags and their meanings, two lines each. */
export function describeFlags(flags: readonly FlagHelp[]): string {
  return flags.map(({ flag, values, meaning }) => `  ${flag}  ${values}\n      ${meaning}\n`).join('');
}
