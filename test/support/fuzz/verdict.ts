import { gunzipSync } from 'node:zlib';
import type { Answer } from '../wire.js';
import { type ApiOperation, isObject } from './operations.js';
import type { FuzzRequest } from './request.js';

/** One way in which an answer is not what the document or HTTP says. */
export interface Fault {
  /** Stays the same for the same fault in smaller requests. */
  readonly rule: string;
  readonly detail: string;
}

const problemType = 'application/problem+json';

function mediaTypeOf({ headers }: Answer): string | null {
  const type = headers['content-type'];
  return type === undefined ? null : (type.split(';')[0] ?? '').trim().toLowerCase();
}

function statusFaults(request: FuzzRequest, { status }: Answer, known: ReadonlySet<number>): Fault[] {
  const { operation, astray, expected, garbage, method } = request;
  if (status >= 500) return [{ rule: 'no server error', detail: `the status is ${status}` }];
  if (expected && !expected.statuses.includes(status)) {
    const wanted = expected.statuses.join(', ');
    return [{ rule: 'the status follows from the request', detail: `${status} is not one of ${wanted}` }];
  }
  const declared =
    astray || garbage !== null
      ? known.has(status) || status === 405 || (status === 204 && (garbage !== null || method === 'OPTIONS'))
      : operation.responses.has(status);
  return declared ? [] : [{ rule: 'the status is declared', detail: `${status} is not` }];
}

function typeFaults({ operation, astray, garbage }: FuzzRequest, answer: Answer): Fault[] {
  const type = mediaTypeOf(answer);
  const wanted =
    answer.status >= 400
      ? [problemType]
      : astray || garbage !== null
        ? null
        : (operation.responses.get(answer.status)?.mediaTypes ?? []);
  if (wanted === null || (type === null ? wanted.length === 0 : wanted.includes(type))) return [];
  return [{ rule: 'the content type is declared', detail: `${type} is not one of ${wanted.join(', ')}` }];
}

/** The headers that the document requires are there, and have the form it gives. */
function headerFaults({ operation, astray, garbage }: FuzzRequest, { status, headers }: Answer): Fault[] {
  const id = headers['x-request-id'];
  if (id === undefined || !/^[A-Za-z0-9._-]{1,64}$/.test(id)) {
    return [{ rule: 'every answer has a request id', detail: `it is ${id}` }];
  }
  if (status === 405 && headers.allow === undefined)
    return [{ rule: '405 has Allow', detail: 'it has none' }];
  if (astray || garbage !== null) return [];
  return (operation.responses.get(status)?.headers ?? []).flatMap(({ name, required, schema }): Fault[] => {
    const value = headers[name];
    if (value === undefined) {
      return required ? [{ rule: `the header ${name} is there`, detail: `${status} has none` }] : [];
    }
    const { pattern, enum: choices, type } = schema;
    const fits =
      (typeof pattern !== 'string' || new RegExp(pattern).test(value)) &&
      (!Array.isArray(choices) || choices.includes(value)) &&
      (type !== 'integer' || /^\d+$/.test(value));
    return fits ? [] : [{ rule: `the header ${name} has its form`, detail: `it is ${value}` }];
  });
}

/** The body as it was before compression. */
function plainBody({ headers, body }: Answer): Buffer {
  return headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
}

function bodyFaults({ method }: FuzzRequest, answer: Answer): Fault[] {
  const { status, headers, body } = answer;
  const range = /^bytes (\d+)-(\d+)\/\d+$/.exec(headers['content-range'] ?? '');
  if (status === 206 && method !== 'HEAD' && body.length !== Number(range?.[2]) - Number(range?.[1]) + 1) {
    return [
      { rule: 'a part is as long as its range', detail: `${headers['content-range']}: ${body.length}` },
    ];
  }
  if (body.length === 0 || mediaTypeOf(answer) !== 'application/json') return [];
  try {
    JSON.parse(plainBody(answer).toString());
    return [];
  } catch (error) {
    return [{ rule: 'JSON is JSON', detail: String(error) }];
  }
}

/** Names that a pointer may begin with: what the operation knows, and what the request said. */
function knownNames({ operation, query, body }: FuzzRequest): Set<string> {
  const said = query
    .join('&')
    .split('&')
    .map((part) => {
      const name = (part.split('=')[0] ?? '').replaceAll('+', ' ');
      return decodeURIComponent(name.replaceAll(/%(?![0-9A-Fa-f]{2})/g, '%25'));
    });
  const members = body && 'members' in body ? body.members.map(([name]) => name) : [];
  const fields = [...operation.queryFields, ...(operation.bodyFields ?? [])].map(({ name }) => name);
  return new Set([...said, ...members, ...fields]);
}

/** The first step of a JSON pointer in a URI fragment. */
function firstStep(pointer: string): string {
  return (pointer.split('/')[1] ?? '').replaceAll('~1', '/').replaceAll('~0', '~');
}

function fieldFaults(request: FuzzRequest, problem: Readonly<Record<string, unknown>>): Fault[] {
  const rule = 'a problem names the wrong fields';
  const { errors } = problem;
  if (!Array.isArray(errors) || errors.length === 0)
    return [{ rule, detail: `errors is ${JSON.stringify(errors)}` }];
  const pointers = errors.map((error: unknown) => (isObject(error) ? error.pointer : undefined));
  const text = JSON.stringify(errors).slice(0, 500);
  if (!errors.every((error) => isObject(error) && typeof error.detail === 'string' && error.detail !== '')) {
    return [{ rule, detail: `not every error has a detail: ${text}` }];
  }
  if (
    !pointers.every((pointer): pointer is string => typeof pointer === 'string' && /^#(\/|$)/.test(pointer))
  ) {
    return [{ rule, detail: `not every error has a pointer: ${text}` }];
  }
  const { body, astray, garbage, expected } = request;
  if (expected?.field !== undefined && !pointers.some((pointer) => firstStep(pointer) === expected.field)) {
    return [{ rule, detail: `${expected.field} is wrong, but the problem names ${text}` }];
  }
  // A body that is a text may hold any name.
  if (garbage !== null || astray || (body && 'text' in body)) return [];
  const known = knownNames(request);
  const strange = pointers.find((pointer) => !known.has(firstStep(pointer)));
  return strange === undefined ? [] : [{ rule, detail: `${strange} points to nothing: ${text}` }];
}

/** A problem document has the members of RFC 9457 and ours, and says what the status says. */
function problemFaults(request: FuzzRequest, answer: Answer): Fault[] {
  const { status, headers, body } = answer;
  if (status < 400 || request.method === 'HEAD' || (request.garbage !== null && body.length === 0)) return [];
  const rule = 'a problem document is whole';
  let problem: unknown;
  try {
    problem = JSON.parse(body.toString());
  } catch (error) {
    return [{ rule, detail: String(error) }];
  }
  if (!isObject(problem)) return [{ rule, detail: 'it is no object' }];
  const { type, title, detail, code, request_id, instance } = problem;
  const texts = { type, title, detail, code, request_id };
  for (const [name, value] of Object.entries(texts)) {
    if (typeof value !== 'string' || value === '')
      return [{ rule, detail: `${name} is ${JSON.stringify(value)}` }];
  }
  if (problem.status !== status)
    return [{ rule, detail: `it says ${problem.status}, the head says ${status}` }];
  if (request_id !== headers['x-request-id']) return [{ rule, detail: 'its request id is another one' }];
  if (instance !== undefined && (typeof instance !== 'string' || /[^\x21-\x7e]/.test(instance))) {
    return [{ rule, detail: `instance is ${JSON.stringify(instance)}` }];
  }
  const codes = request.operation.responses.get(status)?.codes ?? [];
  if (request.garbage === null && !request.astray && !codes.includes(String(code))) {
    return [{ rule: 'the code is declared', detail: `${code} is not one of ${codes.join(', ')}` }];
  }
  return code === 'invalid_parameters' ? fieldFaults(request, problem) : [];
}

/** Every status that the document has anywhere. */
export function declaredStatuses(operations: readonly ApiOperation[]): Set<number> {
  return new Set(operations.flatMap(({ responses }) => [...responses.keys()]));
}

/** What is wrong with an answer; nothing, as a rule. Lengths have been checked while it was read. */
export function faultsOf(request: FuzzRequest, answer: Answer, known: ReadonlySet<number>): Fault[] {
  return [
    ...statusFaults(request, answer, known),
    ...typeFaults(request, answer),
    ...headerFaults(request, answer),
    ...bodyFaults(request, answer),
    ...problemFaults(request, answer),
  ];
}
