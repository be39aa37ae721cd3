/** A schema of JSON Schema 2020-12, which is what OpenAPI 3.1 speaks. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface Reference {
  readonly $ref: string;
}

/** Either a schema with a style, or a media type whose text the value is. */
export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly description?: string;
  readonly required?: boolean;
  readonly schema?: JsonSchema;
  readonly content?: Content;
  readonly style?: 'form' | 'simple';
  readonly explode?: boolean;
  readonly example?: unknown;
}

export interface MediaType {
  readonly schema?: JsonSchema;
  readonly examples?: Readonly<Record<string, { readonly summary: string; readonly value: unknown }>>;
}

/** By media type. */
export type Content = Readonly<Record<string, MediaType>>;

export interface Header {
  readonly description: string;
  /** True where every response that declares the header has it. */
  readonly required?: boolean;
  readonly schema: JsonSchema;
}

export interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, Header | Reference>>;
  readonly content?: Content;
}

/** A call that works, ready to be sent: the path under the server's URL and, for POST, the JSON body. */
export interface CallExample {
  readonly title: string;
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** An operation of OpenAPI 3.1, as far as posenc uses it. */
export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly parameters?: readonly (Parameter | Reference)[];
  readonly requestBody?: {
    readonly required: true;
    readonly description?: string;
    readonly content: Content;
  };
  readonly responses: Readonly<Record<string, Response | Reference>>;
  /** Whole calls; the parameters' own examples together are the first of them. */
  readonly 'x-posenc-examples': readonly CallExample[];
}
