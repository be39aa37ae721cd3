import { extname } from 'node:path';
import type { AnyEncoding } from '../encodings/define.js';
import type { Format } from '../formats/define.js';
import { formatByExtension, formats } from '../formats/index.js';
import { encodeQuery } from '../params.js';
import { tableParameters } from '../table.js';
import { UsageError } from './usage.js';

/** What `posenc table ENCODING` was asked for. */
export interface TableArguments {
  /** null for standard output. */
  readonly output: string | null;
  readonly format: Format;
  /** The parameters as the query of a URL would have them. */
  readonly query: string;
}

/** `head_dim` as `--head-dim`. */
export function flagOf(parameter: string): string {
  return `--${parameter.replaceAll('_', '-')}`;
}

function formatOf(output: string | undefined, asked: string | undefined): Format {
  const extension = asked ?? (output === undefined ? 'json' : extname(output).slice(1));
  const format = formatByExtension(extension);
  if (format) return format;
  const known = formats.map((candidate) => candidate.extension).join(', ');
  throw new UsageError(
    asked === undefined
      ? `-o: the extension of ${output} names no format; there are ${known}, or give --format`
      : `--format: there is no format ${asked}; there are ${known}`,
  );
}

/**
 * Reads the flags of a table: its parameters, `--format` and `-o`, each as `--flag value` or `--flag=value`. The
 * words of a parameter may be joined by underscores, as in a configuration file.
 *
 * @throws UsageError for anything that is no flag of this encoding, naming it. Values are left to the encoding.
 */
export function parseTableArguments(encoding: AnyEncoding, argv: readonly string[]): TableArguments {
  const own = new Map([
    ['-o', 'output'],
    ['--output', 'output'],
    ['--format', 'format'],
  ]);
  const parameters = new Map(
    Object.keys(tableParameters(encoding).shape).map((name) => [flagOf(name), name]),
  );
  const given: Record<'own' | 'parameters', Record<string, string>> = { own: {}, parameters: {} };
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] ?? '';
    const [, flag, inline] = /^(-o|--[a-z][a-z0-9_-]*)(?:=(.*))?$/s.exec(argument) ?? [];
    if (flag === undefined) throw new UsageError(`${argument}: is no flag`);
    const kind = own.has(flag) ? 'own' : 'parameters';
    const name = own.get(flag) ?? parameters.get(flag.replaceAll('_', '-'));
    if (name === undefined) throw new UsageError(`${flag}: there is no such flag for ${encoding.id}`);
    const value = inline ?? argv[++i];
    if (value === undefined || (inline === undefined && value.startsWith('--')))
      throw new UsageError(`${flag}: a value is missing`);
    if (Object.hasOwn(given[kind], name)) throw new UsageError(`${flag}: given more than once`);
    given[kind][name] = value;
  }
  const { output, format } = given.own;
  return { output: output ?? null, format: formatOf(output, format), query: encodeQuery(given.parameters) };
}
