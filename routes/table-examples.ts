import type { AnyEncoding, Example } from '../src/encodings/define.js';
import { PosencError } from '../src/errors.js';
import type { Format } from '../src/formats/define.js';
import { formats } from '../src/formats/index.js';
import type { CallExample } from '../src/http/openapi-types.js';
import { encodeQuery } from '../src/params.js';
import { planFile, planTable, type TableLimits } from '../src/table.js';

type Params = Readonly<Record<string, unknown>>;

/** The parameters that ask for the example's table in a format: as they are, or one tensor of it; else null. */
function paramsFor(
  encoding: AnyEncoding,
  params: Params,
  format: Format,
  limits: TableLimits,
): Params | null {
  try {
    const plan = (values: Params) => planTable(encoding, { values, errors: [] }, limits);
    const { available } = plan(params);
    const asked =
      format.single && available.length > 1 ? { ...params, tensors: available.slice(0, 1) } : params;
    planFile(plan(asked), format, limits);
    return asked;
  } catch (error) {
    if (error instanceof PosencError) return null;
    throw error;
  }
}

/** An example as a call: in the query, or as a body where the encoding is posted or asked to be. */
function call(path: string, { title, params }: Example, posted: boolean): CallExample {
  return posted ? { title, path, body: params } : { title, path: `${path}?${encodeQuery(params)}` };
}

/** The first example that a format can hold, as a call. */
function callIn(
  format: Format,
  encoding: AnyEncoding,
  examples: readonly Example[],
  limits: TableLimits,
  posted: boolean,
): CallExample[] {
  for (const { title, params } of examples) {
    const asked = paramsFor(encoding, params, format, limits);
    if (!asked) continue;
    const path = `/v1/tables/${encoding.id}.${format.extension}`;
    return [call(path, { title: `${title}, as ${format.extension}`, params: asked }, posted)];
  }
  return [];
}

/**
 * The encoding's own examples as calls of a table's path. A path with an extension has every example as
 * safetensors, which can hold any table, and one in each other format.
 */
export function tableExamples(
  encoding: AnyEncoding,
  limits: TableLimits,
  named: boolean,
  posted: boolean,
): CallExample[] {
  const path = `/v1/tables/${encoding.id}`;
  const usable = encoding.examples.filter(
    ({ params }) => posted || !(encoding.supplied ?? []).some((name) => name in params),
  );
  if (!named) return usable.map((example) => call(path, example, posted));
  const others = formats.filter(({ extension }) => extension !== 'safetensors');
  return [
    ...usable.map((example) => call(`${path}.safetensors`, example, posted)),
    ...others.flatMap((format) => callIn(format, encoding, usable, limits, posted)),
  ];
}
