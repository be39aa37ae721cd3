#!/usr/bin/env node
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { commands } from './commands/index.js';
import { sendTo } from './commands/output.js';
import { flagOf } from './commands/table-arguments.js';
import { type Command, type Surroundings, UsageError } from './commands/usage.js';
import { ConfigError } from './config.js';
import { encodings } from './encodings/index.js';
import { PosencError } from './errors.js';
import { revision } from './revision.js';
import { version } from './version.js';

/** `posenc COMMAND …`: what the service does, without a server. Exit code 0, 1 (failed) or 2 (wrong usage). */
export async function run(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const [name = 'help', ...rest] = argv;
  const print = sendTo(surroundings.stdout);
  const complain = sendTo(surroundings.stderr);
  try {
    const command = commands.find((candidate) => candidate.name === name);
    if (command && !asksForHelp(rest)) return await command.run(rest, surroundings);
    if (command) await print(helpOf(command, rest, surroundings));
    else if (name === 'help' || asksForHelp([name])) await print(overview());
    else if (name === '--version' || name === '-V') await print(`posenc ${version}, revision ${revision}\n`);
    else {
      await complain(`posenc: there is no command ${name}\n\n${overview()}`);
      return 2;
    }
    return 0;
  } catch (error) {
    // Whoever read the output has had enough of it.
    if (isSystemError(error) && error.code === 'EPIPE') return 0;
    const { exitCode, text } = explain(error);
    await complain(`posenc ${name}: ${text}\n`);
    return exitCode;
  }
}

/** What went wrong, in words, with each field as the flag it was given by; throws what was not foreseen. */
function explain(error: unknown): { readonly exitCode: number; readonly text: string } {
  if (error instanceof UsageError || error instanceof ConfigError)
    return { exitCode: 2, text: error.message };
  if (isSystemError(error)) return { exitCode: 1, text: error.message };
  if (!(error instanceof PosencError)) throw error;
  const fields = error.errors.map(({ pointer, detail }) => `\n  ${fieldOf(pointer)}: ${detail}`);
  return {
    exitCode: 1,
    text: `${error.code}${fields.length > 0 ? fields.join('') : `\n  ${error.message}`}`,
  };
}

/** `#/positions/3` as `--positions 3`. */
function fieldOf(pointer: string): string {
  const [, field = '', ...rest] = pointer.split('/');
  return [flagOf(field), ...rest].join(' ');
}

/** A file that cannot be written, a port that is taken: the message says it all. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

function asksForHelp(argv: readonly string[]): boolean {
  return argv.includes('--help') || argv.includes('-h');
}

function helpOf(command: Command, argv: readonly string[], surroundings: Surroundings): string {
  const more = command.help?.(argv, surroundings);
  return `${command.usage}\n\n${command.summary}\n${more === undefined ? '' : `\n${more}`}`;
}

function overview(): string {
  const width = Math.max(...commands.map(({ usage }) => usage.length));
  const lines = commands.map(({ usage, summary }) => `  ${usage.padEnd(width)}  ${summary}\n`);
  return `Usage:\n${lines.join('')}\n'posenc COMMAND --help' says more; 'posenc --version' what this is.\n`;
}

const invoked = process.argv[1];
if (invoked !== undefined && realpathSync(invoked) === fileURLToPath(import.meta.url)) {
  const { env, stdout, stderr } = process;
  // The write that failed says so itself; the stream's own event would end the process with a stack trace.
  for (const stream of [stdout, stderr]) stream.on('error', () => {});
  process.exitCode = await run(process.argv.slice(2), { encodings, env, stdout, stderr });
}
