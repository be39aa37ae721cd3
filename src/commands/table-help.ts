import type { AnyEncoding } from '../encodings/define.js';
import { formats } from '../formats/index.js';
import { propertiesOf } from '../http/json-schema.js';
import type { JsonSchema } from '../http/openapi-types.js';
import { tableParameters } from '../table.js';
import { flagOf } from './table-arguments.js';
import { describeFlags } from './usage.js';

/** What a value may be, in a few words. */
function valuesOf(schema: JsonSchema, required: boolean): string {
  const { items, enum: choices, type } = schema;
  if (typeof items === 'object' && items !== null) {
    const item = items as JsonSchema;
    return item.type === 'array' ? 'JSON' : `${valuesOf(item, false)}, comma-separated`;
  }
  const values = Array.isArray(choices)
    ? choices.join(' | ')
    : type === 'integer'
      ? 'whole number'
      : String(type);
  if (required) return `${values} (required)`;
  return schema.default === undefined ? values : `${values} [${schema.default}]`;
}

/** Every flag of a table, made from its schema. */
export function tableHelp(encoding: AnyEncoding): string {
  const { properties, required } = propertiesOf(tableParameters(encoding));
  const parameters = [...properties].map(([name, schema]) => ({
    flag: flagOf(name),
    values: valuesOf(schema, required.has(name)),
    meaning: String(schema.description ?? ''),
  }));
  const extensions = formats.map(({ extension }) => extension).join(' | ');
  return `${encoding.title}\n${encoding.summary}\n\n${describeFlags([
    ...parameters,
    {
      flag: '--format',
      values: extensions,
      meaning: 'The format; the extension of the file by default, json without one.',
    },
    { flag: '-o, --output', values: 'file', meaning: 'Where the table goes; standard output by default.' },
  ])}`;
}
