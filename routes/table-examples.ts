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

/**
 * The encoding's own examples as calls of a table's path. A path with an extension has every example as
 * safetensors, which can hold any table, and the first one in each other format that can hold it.
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
  const [first] = usable;
  const others = formats.flatMap((format) => {
    if (!first || format.extension === 'safetensors') return [];
    const params = paramsFor(encoding, first.params, format, limits);
    const title = `${first.title}, as ${format.extension}`;
    return params ? [call(`${path}.${format.extension}`, { title, params }, posted)] : [];
  });
  return [...usable.map((example) => call(`${path}.safetensors`, example, posted)), ...others];
}
