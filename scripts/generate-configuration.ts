import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { settings } from '../src/config.js';

/** docs/configuration.md, made from the schema of the settings. */
export function configurationReference(): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const rows = settings.map(({ variable, flag, type, default: fallback, help }) => {
    const shown = fallback === '' ? 'empty' : `\`${fallback}\``;
    return `| \`${variable}\` | \`--${flag}\` | ${shown} | ${cell(type)} | ${cell(help)} |`;
  });
  return [
    '# Configuration',
    '',
    'Every setting is an environment variable and a flag of `posenc serve`; a flag wins over its variable.',
    'A value that cannot be used, an unknown flag and an unknown `POSENC_` variable end the start with a message',
    'that names them. Sizes are in bytes, times in milliseconds.',
    '',
    '| variable | flag | default | values | meaning |',
    '|---|---|---|---|---|',
    ...rows,
    '',
    'This file is generated from `src/config.ts` by `scripts/generate-configuration.ts`.',
    '',
  ].join('\n');
}

/** Writes the file, or with `--check` only compares it. */
function main(flags: readonly string[]): void {
  // Compiled into a folder of the repository: two levels below its root.
  const file = new URL('../../docs/configuration.md', import.meta.url);
  const wanted = configurationReference();
  if (!flags.includes('--check')) writeFileSync(file, wanted);
  else if (readFileSync(file, 'utf8') !== wanted) {
    console.error('docs/configuration.md is out of date: run npm run configuration');
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
