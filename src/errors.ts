/** Every error the service answers, with its stable code. Problem documents are made from these alone. */
export const errorCatalogue = {
  bad_request: { status: 400, title: 'The request could not be parsed' },
  bad_json: { status: 400, title: 'The body is not valid JSON' },
  bad_url: { status: 400, title: 'The URL is not valid' },
  not_found: { status: 404, title: 'There is nothing at this path' },
  unknown_encoding: { status: 404, title: 'There is no such encoding' },
  unknown_format: { status: 404, title: 'There is no such format' },
  revision_unavailable: { status: 404, title: 'This revision is not served here' },
  method_not_allowed: { status: 405, title: 'The method is not allowed here' },
  not_acceptable: { status: 406, title: 'None of the accepted media types is available' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  precondition_failed: { status: 412, title: 'A precondition of the request does not hold' },
  body_too_large: { status: 413, title: 'The request body is too large' },
  url_too_long: { status: 414, title: 'The URL is too long' },
  unsupported_media_type: { status: 415, title: 'The media type of the body is not supported' },
  range_not_satisfiable: { status: 416, title: 'The range lies outside the file' },
  expectation_failed: { status: 417, title: 'The expectation cannot be met' },
  invalid_parameters: { status: 422, title: 'The parameters are not valid' },
  table_too_large: { status: 422, title: 'The table is larger than the limit' },
  too_many_requests: { status: 429, title: 'This client has its share of the service' },
  headers_too_large: { status: 431, title: 'The request headers are too large' },
  internal_error: { status: 500, title: 'The service failed' },
  overloaded: { status: 503, title: 'The service is busy' },
  shutting_down: { status: 503, title: 'The service is shutting down' },
} as const;

export type ErrorCode = keyof typeof errorCatalogue;

/** One wrong field: a JSON pointer as a URI fragment (`#/head_dim`) and what is wrong with it. */
export interface FieldError {
  readonly pointer: string;
  readonly detail: string;
}

/** An error with a place in the catalogue; the HTTP edge prints it as a problem document, the CLI as text. */
export class PosencError extends Error {
  readonly code: ErrorCode;
  readonly errors: readonly FieldError[];
  /** Further members of the problem document, such as `limit` and `requested`. */
  readonly extras: Readonly<Record<string, unknown>>;
  /** Further response headers, such as `Allow`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ErrorCode,
    detail: string,
    more: {
      errors?: readonly FieldError[];
      extras?: Record<string, unknown>;
      headers?: Record<string, string>;
    } = {},
  ) {
    super(detail);
    this.name = 'PosencError';
    this.code = code;
    this.errors = more.errors ?? [];
    this.extras = more.extras ?? {};
    this.headers = more.headers ?? {};
  }

  get status(): number {
    return errorCatalogue[this.code].status;
  }
}

/** Pointer of a field, each step escaped as RFC 6901 says. */
export function pointerTo(...path: readonly (string | number)[]): string {
  return `#${path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')}`;
}

/** The usual 422: one or more fields are wrong. */
export function invalidParameters(errors: readonly FieldError[]): PosencError {
  const detail =
    errors.length === 1 && errors[0]
      ? `${errors[0].pointer}: ${errors[0].detail}`
      : `${errors.length} fields are wrong`;
  return new PosencError('invalid_parameters', detail, { errors });
}

/** 422 for one field. */
export function invalidParameter(field: string, detail: string): PosencError {
  return invalidParameters([{ pointer: pointerTo(field), detail }]);
}
