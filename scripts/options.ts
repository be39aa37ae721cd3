import { parseArgs } from 'node:util';

/**
 * Numbers from the command line, each `--name 12`, with what they are where they are not given. Only `fractional`
 * ones may have a fraction.
 */
export function numbers<Name extends string>(
  defaults: Readonly<Record<Name, number>>,
  ...fractional: readonly NoInfer<Name>[]
): Record<Name, number> {
  const names = Object.keys(defaults) as Name[];
  const { values } = parseArgs({
    options: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
  });
  const entries = names.map((name) => {
    const text = String(values[name] ?? defaults[name]);
    const whole = !fractional.includes(name);
    if (!(whole ? /^\d{1,9}$/ : /^\d{1,6}(\.\d{1,6})?$/).test(text))
      throw new Error(`--${name} takes a ${whole ? 'whole ' : ''}number`);
    return [name, Number(text)] as const;
  });
  return Object.fromEntries(entries) as Record<Name, number>;
}

/** A seed for who gives none. */
export function someSeed(): number {
  return Date.now() % 1_000_000_000;
}
