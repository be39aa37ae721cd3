import { Ajv2020 } from 'ajv/dist/2020.js';
import type {
  CallExample,
  Response as DeclaredResponse,
  Header,
  JsonSchema,
  Operation,
  Parameter,
  Reference,
} from '../../src/http/openapi-types.js';

/** What tests read of an OpenAPI document. */
export interface OpenapiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** An operation and where it stands. */
export interface Place {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

const isUri = (text: string) => URL.canParse(text);
const isUriReference = (text: string) => URL.canParse(text, 'http://posenc');

function isReference(value: object): value is Reference {
  return '$ref' in value;
}

/** One step of a JSON pointer in a URI fragment. */
function step(name: string): string {
  return encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'));
}

/**
 * Closes every object whose members are listed: a member that clients are not told of is a mistake here. The parts
 * of an `allOf` know nothing of each other's members and stay open.
 */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [
    name,
    name === 'allOf' ? member : closed(member),
  ]);
  const listed = 'type' in value && value.type === 'object' && 'properties' in value;
  return { ...(listed && { additionalProperties: false }), ...Object.fromEntries(members) };
}

/** Such as `GET /v1/limits`. */
export function nameOf({ method, path }: Place): string {
  return `${method} ${path}`;
}

/** A document with its references followed and its schemas compiled. */
export class Contract {
  private readonly ajv = new Ajv2020({
    allowUnionTypes: true,
    formats: { double: true, int64: true, binary: true, uri: isUri, 'uri-reference': isUriReference },
  });

  private readonly validators = new Map<string, ReturnType<Ajv2020['compile']>>();

  constructor(readonly document: OpenapiDocument) {
    // The document as a whole is no schema; only what stands at its pointers is.
    this.ajv.addVocabulary(Object.keys(document));
    this.ajv.addSchema({ ...Object(closed(document)) }, 'openapi');
  }

  get operations(): Place[] {
    return Object.entries(this.document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
    );
  }

  /** The value at a pointer such as `#/components/headers/ETag`. Throws where there is none. */
  at(pointer: string): unknown {
    let value: unknown = this.document;
    for (const part of pointer.split('/').slice(1)) {
      const name = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name))
        throw new Error(`nothing stands at ${pointer}`);
      value = (value as Readonly<Record<string, unknown>>)[name];
    }
    return value;
  }

  parameters({ operation }: Place): Parameter[] {
    return (operation.parameters ?? []).map((parameter) =>
      isReference(parameter) ? (this.at(parameter.$ref) as Parameter) : parameter,
    );
  }

  response({ operation }: Place, status: number): DeclaredResponse | null {
    const declared = operation.responses[status];
    if (!declared) return null;
    return isReference(declared) ? (this.at(declared.$ref) as DeclaredResponse) : declared;
  }

  /** The first of the calls that an operation shows. */
  firstExample({ operation }: Place): CallExample {
    const [example] = operation['x-posenc-examples'];
    if (!example) throw new Error(`${operation.operationId} has no example`);
    return example;
  }

  /** The headers of a response, by name in lower case. */
  headers(response: DeclaredResponse): ReadonlyMap<string, Header> {
    return new Map(
      Object.entries(response.headers ?? {}).map(([name, header]) => [
        name.toLowerCase(),
        isReference(header) ? (this.at(header.$ref) as Header) : header,
      ]),
    );
  }

  /** Why a value does not follow a schema of the document (or the schema at a pointer of it), or null. */
  violation(schema: JsonSchema | string, value: unknown): string | null {
    const pointer = typeof schema === 'string' ? { $ref: `openapi${schema}` } : this.absolute(schema);
    const validate = this.compiled(pointer);
    return validate(value) ? null : this.ajv.errorsText(validate.errors);
  }

  /** Pointer of the schema of a JSON body, for {@link violation}. */
  bodySchema({ path, method, operation }: Place, status: number, mediaType: string): string {
    const declared = operation.responses[status];
    const place =
      declared && isReference(declared)
        ? declared.$ref
        : `#/paths/${step(path)}/${method.toLowerCase()}/responses/${status}`;
    return `${place}/content/${step(mediaType)}/schema`;
  }

  private compiled(schema: JsonSchema) {
    const key = JSON.stringify(schema);
    let validate = this.validators.get(key);
    if (!validate) {
      validate = this.ajv.compile(schema);
      this.validators.set(key, validate);
    }
    return validate;
  }

  /** A schema that stands alone, with its references pointing into the document. */
  private absolute(schema: JsonSchema): JsonSchema {
    return JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"openapi#/'));
  }
}
