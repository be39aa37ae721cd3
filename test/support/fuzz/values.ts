import type { JsonSchema } from '../../../src/http/openapi-types.js';
import type { Random } from '../random.js';

/** The schemas of which a value may be any. */
function branches(schema: JsonSchema): readonly JsonSchema[] {
  const either = schema.anyOf ?? schema.oneOf;
  return Array.isArray(either) ? either.flatMap((branch: JsonSchema) => branches(branch)) : [schema];
}

function numberOf(schema: JsonSchema, key: string, fallback: number): number {
  return typeof schema[key] === 'number' ? schema[key] : fallback;
}

function validNumber(schema: JsonSchema, random: Random): number {
  const whole = schema.type === 'integer';
  const low = numberOf(schema, 'minimum', numberOf(schema, 'exclusiveMinimum', -1000) + (whole ? 1 : 1e-9));
  const high = numberOf(schema, 'maximum', numberOf(schema, 'exclusiveMaximum', 2 ** 40));
  const near = low + random.next() * Math.min(high - low, random.pick([4, 64, 1024, 65_536]));
  const value = random.pick([low, high, near, near, near, near]);
  return whole ? Math.floor(value) : random.chance(0.5) ? Math.max(low, Math.floor(value)) : value;
}

/** A value that the schema allows. */
export function validValue(schema: JsonSchema, random: Random): unknown {
  const branch = random.pick(branches(schema));
  if (branch.const !== undefined) return branch.const;
  if (Array.isArray(branch.enum)) return random.pick(branch.enum);
  switch (branch.type) {
    case 'integer':
    case 'number':
      return validNumber(branch, random);
    case 'boolean':
      return random.chance(0.5);
    case 'array': {
      const least = numberOf(branch, 'minItems', 0);
      const length = Math.min(least + random.below(4), numberOf(branch, 'maxItems', 1000));
      return Array.from({ length }, () => validValue((branch.items ?? {}) as JsonSchema, random));
    }
    case 'object':
      return Object.fromEntries(
        Object.entries((branch.properties ?? {}) as Record<string, JsonSchema>)
          .filter(([name]) => (branch.required as string[] | undefined)?.includes(name) || random.chance(0.3))
          .map(([name, property]) => [name, validValue(property, random)]),
      );
    default:
      return random.pick(['x', 'r1', 'ü', '']);
  }
}

/** JSON texts by the type of their value. */
const jsonTexts: Readonly<Record<string, readonly string[]>> = {
  null: ['null'],
  boolean: ['true', 'false'],
  string: ['""', '"64"', '"NaN"', '"__proto__"', '"constructor"', '"\\u0000"', '" 1"'],
  // Numbers that no double holds, in JSON's grammar all the same.
  overflow: ['1e400', '-1e400', `1${'0'.repeat(400)}`],
  number: ['1', '0.5', '-1'],
  array: ['[]', '[1]', '[[]]', '["cos"]'],
  object: ['{}', '{"length":1}', '{"__proto__":1}', '{"toString":1}'],
};

function boundsTexts(schema: JsonSchema): string[] {
  const { minimum, maximum, exclusiveMinimum } = schema;
  return [
    ...(typeof minimum === 'number' ? [String(minimum - Math.max(1, Math.abs(minimum)))] : []),
    ...(typeof maximum === 'number' && maximum < 1e300 ? [String(maximum + Math.max(1, maximum / 2))] : []),
    ...(typeof exclusiveMinimum === 'number' ? [String(exclusiveMinimum)] : []),
  ];
}

/** Which kinds of JSON text are certainly no value of one branch. */
function foreign(schema: JsonSchema): string[] {
  const kinds = (...names: string[]) => names.flatMap((name) => jsonTexts[name] ?? []);
  if (Array.isArray(schema.enum) || schema.const !== undefined) {
    const allowed = new Set([schema.enum ?? schema.const].flat().map((value) => JSON.stringify(value)));
    return Object.values(jsonTexts)
      .flat()
      .filter((text) => !allowed.has(text));
  }
  switch (schema.type) {
    case 'integer':
      return [
        ...kinds('null', 'boolean', 'string', 'array', 'object', 'overflow'),
        ...boundsTexts(schema),
        '1.5',
      ];
    case 'number':
      return [...kinds('null', 'boolean', 'string', 'array', 'object', 'overflow'), ...boundsTexts(schema)];
    case 'boolean':
      return kinds('null', 'string', 'number', 'array', 'object');
    case 'string':
      return [
        ...kinds('null', 'boolean', 'number', 'array', 'object'),
        ...(typeof schema.maxLength === 'number' ? [JSON.stringify('x'.repeat(schema.maxLength + 1))] : []),
      ];
    case 'array':
      return [
        ...kinds('null', 'boolean', 'string', 'number', 'object'),
        ...(numberOf(schema, 'minItems', 0) > 0 ? ['[]'] : []),
        ...foreign((schema.items ?? {}) as JsonSchema).map((text) => `[${text}]`),
      ];
    case 'object':
      return kinds('null', 'boolean', 'string', 'number', 'array');
    default:
      return [];
  }
}

/** JSON texts that are certainly no value of the schema. */
export function wrongJson(schema: JsonSchema): string[] {
  const lists = branches(schema).map((branch) => new Set(foreign(branch)));
  const [first, ...others] = lists;
  return [...(first ?? [])].filter((text) => others.every((other) => other.has(text)));
}

/** What no JSON number looks like. */
const noNumbers = [
  '',
  ' ',
  '+1',
  '01',
  '1.',
  '.5',
  '--1',
  '0x40',
  '64abc',
  '1_000',
  '1,000',
  'NaN',
  'Infinity',
  '-Infinity',
  'null',
  'true',
  '[1]',
  '{}',
  '"1"',
  '1 ',
  '١',
  '１',
  '∞',
  '1e',
  'constructor',
  '__proto__',
];

function foreignText(schema: JsonSchema): string[] {
  if (Array.isArray(schema.enum) || schema.const !== undefined) {
    const allowed = new Set([schema.enum ?? schema.const].flat().map(String));
    return [
      ...noNumbers,
      '1',
      'x',
      'constructor',
      ...[...allowed].flatMap((one) => [one.toUpperCase(), `${one} `]),
    ].filter((text) => !allowed.has(text));
  }
  switch (schema.type) {
    case 'integer':
      return [...noNumbers, '1e400', '-1e400', '1.5', '1e-400', ...boundsTexts(schema)].filter(
        (text) => text !== '1e-400' || numberOf(schema, 'minimum', 0) > 0,
      );
    case 'number':
      return [...noNumbers, '1e400', '-1e400', ...boundsTexts(schema)];
    case 'boolean':
      return noNumbers.filter((text) => text !== 'true').concat('TRUE', '1', '0', 'yes', 'on');
    case 'string':
      return typeof schema.maxLength === 'number' ? ['x'.repeat(schema.maxLength + 1)] : [];
    case 'array': {
      const items = (schema.items ?? {}) as JsonSchema;
      // A list of one element is that element, and a comma would make it two.
      const inner = foreignText(items).filter((text) => !text.includes(','));
      const fine = JSON.stringify(items.enum ? (items.enum as unknown[])[0] : 1).replaceAll('"', '');
      return [...inner, ...inner.map((text) => `${fine},${text}`), ',', `,${fine}`];
    }
    default:
      return [];
  }
}

/** Texts in a query that are certainly no value of the schema; `json` says that the text is JSON. */
export function wrongText(schema: JsonSchema, json: boolean): string[] {
  if (json) return [...wrongJson(schema), '', '{', '[1,', 'x', "{'a':1}", 'undefined'];
  const lists = branches(schema).map((branch) => new Set(foreignText(branch)));
  const [first, ...others] = lists;
  return [...(first ?? [])].filter((text) => others.every((other) => other.has(text)));
}

/** Values that may be right or wrong, whatever the schema. */
export const oddTexts = [
  ...noNumbers,
  '0',
  '-0',
  '-0.0',
  '1e3',
  '1E+2',
  '1e-400',
  '5e-324',
  '1.7976931348623157e308',
  '9007199254740991',
  '9007199254740993',
  '-9007199254740993',
  '18446744073709551616',
  '0.1',
  '2.0000000000000001',
  '1e400',
  `${'9'.repeat(500)}`,
  `0.${'0'.repeat(500)}1`,
  '1,2,3',
  ',',
  ',,,,',
  '\u0000',
  '\r\nX-Injected: 1',
  'ß\u{1f600}',
  '\ud800',
  '../../etc/passwd',
  "' OR 1=1 --",
  '<script>',
  '{{1}}',
  '[[[[[[[[]]]]]]]]',
  'x'.repeat(3000),
] as const;
