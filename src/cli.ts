#!/usr/bin/env node
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { commands } from './commands/index.js';
import { UsageError } from './commands/usage.js';
import { ConfigError } from './config.js';
import { PosencError } from './errors.js';

/** `posenc COMMAND …`: what the service does, without a server. Exit code 0, 1 (failed) or 2 (wrong usage). */
export async function run(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  const command = commands.find((candidate) => candidate.name === name);
  if (!command) {
    const asked = name === undefined || name === 'help' || name === '--help' || name === '-h';
    (asked ? console.log : console.error)(overview(asked ? '' : `posenc: there is no command ${name}\n\n`));
    return asked ? 0 : 2;
  }
  try {
    return await command.run(rest);
  } catch (error) {
    if (error instanceof PosencError) {
      const lines =
        error.errors.length > 0
          ? error.errors.map((e) => `  ${flagOf(e.pointer)} ${e.detail}`)
          : [`  ${error.message}`];
      console.error([`posenc ${name}: ${error.code}`, ...lines].join('\n'));
      return 1;
    }
    if (error instanceof UsageError || error instanceof ConfigError) {
      console.error(`posenc ${name}: ${error.message}`);
      return 2;
    }
    throw error;
  }
}

/** `#/head_dim` as the flag it was given by. */
function flagOf(pointer: string): string {
  const [, field = '', ...rest] = pointer.split('/');
  return [`--${field.replaceAll('_', '-')}`, ...rest].join(' ');
}

function overview(before: string): string {
  const width = Math.max(...commands.map(({ usage }) => usage.length));
  const lines = commands.map(({ usage, summary }) => `  ${usage.padEnd(width)}  ${summary}`);
  return `${before}Usage:\n${lines.join('\n')}`;
}

const invoked = process.argv[1];
if (invoked !== undefined && realpathSync(invoked) === fileURLToPath(import.meta.url)) {
  process.exitCode = await run(process.argv.slice(2));
}
