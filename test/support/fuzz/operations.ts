import type {
  CallExample,
  JsonSchema,
  Operation,
  Parameter,
  Reference,
  Response,
} from '../../../src/http/openapi-types.js';

/** As much of an OpenAPI document as is read here. */
export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: unknown;
}

/** What the document says of a response header. */
export interface DeclaredHeader {
  /** In lower case. */
  readonly name: string;
  readonly required: boolean;
  readonly schema: JsonSchema;
}

export interface DeclaredResponse {
  readonly mediaTypes: readonly string[];
  readonly headers: readonly DeclaredHeader[];
  /** Codes that a problem document of this status may have. */
  readonly codes: readonly string[];
}

/** A parameter, or a member of a body. */
export interface Field {
  readonly name: string;
  readonly schema: JsonSchema;
  /** In a query its value is JSON text. */
  readonly json: boolean;
}

/** One operation of the document, with all references followed. */
export interface ApiOperation {
  readonly id: string;
  readonly method: 'GET' | 'POST';
  /** As in the document: `/v1/tables/rope.{ext}`. */
  readonly path: string;
  readonly pathFields: readonly Field[];
  readonly queryFields: readonly Field[];
  /** Members of the JSON body; null where the operation takes none. */
  readonly bodyFields: readonly Field[] | null;
  readonly examples: readonly CallExample[];
  readonly responses: ReadonlyMap<number, DeclaredResponse>;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Follows a reference, and those it leads to. */
function resolve(document: ApiDocument, value: unknown): unknown {
  if (!isObject(value) || typeof value.$ref !== 'string') return value;
  let target: unknown = document;
  for (const step of value.$ref.split('/').slice(1)) target = isObject(target) ? target[step] : undefined;
  if (target === undefined) throw new Error(`the document has no ${value.$ref}`);
  return resolve(document, target);
}

/** A schema with the references in it followed. Schemas of requests are trees: they refer to nothing above them. */
function resolveSchema(document: ApiDocument, value: unknown): JsonSchema {
  const schema = resolve(document, value);
  if (!isObject(schema)) return {};
  return Object.fromEntries(
    Object.entries(schema).map(([key, member]) => {
      if (key === 'items') return [key, resolveSchema(document, member)];
      if ((key === 'anyOf' || key === 'oneOf') && Array.isArray(member))
        return [key, member.map((one) => resolveSchema(document, one))];
      if (key === 'properties' && isObject(member)) {
        const properties = Object.entries(member).map(([name, one]) => [name, resolveSchema(document, one)]);
        return [key, Object.fromEntries(properties)];
      }
      return [key, member];
    }),
  );
}

function fieldOf(document: ApiDocument, { name, schema, content }: Parameter): Field {
  const inner = schema ?? content?.['application/json']?.schema;
  return { name, schema: resolveSchema(document, inner), json: content !== undefined };
}

function responseOf(document: ApiDocument, declared: Response | Reference): DeclaredResponse {
  const { headers = {}, content = {} } = resolve(document, declared) as Response;
  const codes = Object.values(content).flatMap(({ schema }) => {
    const parts = Array.isArray(schema?.allOf) ? schema.allOf : [];
    return parts.flatMap((part) => {
      const code = isObject(part) && isObject(part.properties) ? part.properties.code : undefined;
      return isObject(code) && Array.isArray(code.enum) ? code.enum.map(String) : [];
    });
  });
  return {
    mediaTypes: Object.keys(content),
    headers: Object.entries(headers).map(([name, header]) => {
      const { required = false, schema = {} } = resolve(document, header) as Partial<DeclaredHeader>;
      return { name: name.toLowerCase(), required, schema };
    }),
    codes,
  };
}

function operationOf(
  document: ApiDocument,
  path: string,
  method: string,
  operation: Operation,
): ApiOperation {
  const { operationId, parameters = [], requestBody, responses } = operation;
  const resolved = parameters.map((parameter) => resolve(document, parameter) as Parameter);
  const fields = (place: Parameter['in']) =>
    resolved.filter((parameter) => parameter.in === place).map((parameter) => fieldOf(document, parameter));
  const body = requestBody && resolveSchema(document, requestBody.content['application/json']?.schema);
  return {
    id: operationId,
    method: method === 'post' ? 'POST' : 'GET',
    path,
    pathFields: fields('path'),
    queryFields: fields('query'),
    bodyFields: body
      ? Object.entries((body.properties ?? {}) as Readonly<Record<string, JsonSchema>>).map(
          ([name, schema]) => ({ name, schema, json: true }),
        )
      : null,
    examples: operation['x-posenc-examples'],
    responses: new Map(
      Object.entries(responses).map(([status, response]) => [Number(status), responseOf(document, response)]),
    ),
  };
}

/** Every operation of an OpenAPI document. */
export function operationsOf(document: ApiDocument): ApiOperation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => operationOf(document, path, method, operation)),
  );
}
