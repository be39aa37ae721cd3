import { Random } from '../random.js';
import { garbageText } from './garbage.js';
import { harmlessHeaders, oddHeaders } from './headers.js';
import { brokenTexts, mediaTypes, methods, strangeNames, strangeValues } from './lists.js';
import type { ApiOperation, Field } from './operations.js';
import { type Body, type FuzzRequest, wireText } from './request.js';
import { oddTexts, validValue, wrongJson, wrongText } from './values.js';

/** Answers to a right request, whatever harmless headers it has. */
const fine = { GET: [200, 206, 304, 416], POST: [200, 412] } as const;

const jsonType = ['Content-Type', 'application/json'] as const;

/** UTF-8 with everything escaped that could be taken for syntax; what is no text at all stays a broken escape. */
function encode(text: string): string {
  return /\p{Surrogate}/u.test(text) ? '%ED%A0%80' : encodeURIComponent(text);
}

function part(name: string, text: string): string {
  return `${encode(name)}=${encode(text)}`;
}

/** A value as a query writes it. */
function queryText(value: unknown, json: boolean): string {
  if (json || (typeof value === 'object' && !Array.isArray(value))) return JSON.stringify(value);
  return Array.isArray(value) ? value.join(',') : String(value);
}

/** One of the operation's own examples: a request that is right. */
function example(operation: ApiOperation, random: Random): FuzzRequest {
  const { path: target, body } = random.pick(operation.examples);
  const [path = '', query = ''] = target.split('?');
  return {
    operation,
    kind: 'an example',
    method: operation.method,
    path,
    query: query === '' ? [] : query.split('&'),
    headers: body ? [jsonType] : [],
    body: body
      ? { members: Object.entries(body).map(([name, value]) => [name, JSON.stringify(value)]) }
      : null,
    chunked: body !== undefined && random.chance(0.1),
    astray: false,
    expected: { statuses: fine[operation.method] },
    garbage: null,
  };
}

type Change = (request: FuzzRequest, random: Random) => FuzzRequest;

/** Sets a member of the body, in place of what was there. */
function withMember(body: Body | null, name: string, json: string): Body {
  const members = body && 'members' in body ? body.members.filter(([other]) => other !== name) : [];
  return { members: [...members, [name, json]] };
}

/** Sets a parameter of the query, in place of what was there. */
function withPart(query: readonly string[], name: string, text: string): string[] {
  return [...query.filter((one) => one.split('=')[0] !== encode(name)), part(name, text)];
}

function fieldsOf({ bodyFields, queryFields }: ApiOperation): readonly Field[] {
  return bodyFields ?? queryFields;
}

function withField(request: FuzzRequest, field: Field, json: string, text: string): FuzzRequest {
  return request.operation.bodyFields
    ? { ...request, body: withMember(request.body, field.name, json) }
    : { ...request, query: withPart(request.query, field.name, text) };
}

const headersAround: Change = (request, random) => ({
  ...request,
  kind: `${request.kind} with headers`,
  headers: [...request.headers, ...harmlessHeaders(random)],
});

/** One field gets a value that its schema does not have. */
const wrongField: Change = (request, random) => {
  const candidates = fieldsOf(request.operation).filter(({ schema, json }) =>
    request.operation.bodyFields ? wrongJson(schema).length > 0 : wrongText(schema, json).length > 0,
  );
  if (candidates.length === 0) return headersAround(request, random);
  const field = random.pick(candidates);
  const json = wrongJson(field.schema);
  const text = wrongText(field.schema, field.json);
  return {
    ...withField(
      request,
      field,
      json.length > 0 ? random.pick(json) : '',
      text.length > 0 ? random.pick(text) : '',
    ),
    kind: 'a wrong value',
    expected: { statuses: [422], field: field.name },
  };
};

/** Some fields get values that their schemas have; whether they go together is another matter. */
const otherValues: Change = (request, random) => {
  const fields = fieldsOf(request.operation);
  let changed = request;
  for (let count = fields.length && 1 + random.below(4); count > 0; count--) {
    const field = random.pick(fields);
    const value = validValue(field.schema, random);
    changed = withField(changed, field, JSON.stringify(value), queryText(value, field.json));
  }
  return {
    ...changed,
    kind: 'other values',
    expected: { statuses: [...fine[request.operation.method], 404, 422] },
  };
};

/** A name that no parameter has, or one that is there already. */
const strangeName: Change = (request, random) => {
  const { operation, query, body } = request;
  const known = fieldsOf(operation);
  if (known.length === 0) return headersAround(request, random);
  const members = body && 'members' in body ? body.members : [];
  const repeat = random.chance(0.4);
  const there = operation.bodyFields
    ? members.map(([name]) => name)
    : query.map((one) => one.split('=')[0] ?? '');
  const name = repeat && there.length > 0 ? random.pick(there) : random.pick(strangeNames);
  const changed = operation.bodyFields
    ? { ...request, body: { members: [...members, [name, random.pick(['1', 'null', '{}'])] as const] } }
    : { ...request, query: [...query, part(name, random.pick(['1', '', 'x']))] };
  return { ...changed, kind: 'a strange name', expected: { statuses: [422], field: name } };
};

/** A body that is no JSON object of parameters, or says that it is something else. */
const brokenBody: Change = (request, random) => {
  if (!request.operation.bodyFields) return strangeName(request, random);
  const broken = { ...request, kind: 'a broken body', expected: { statuses: [400, 413, 415, 422] } };
  if (random.chance(0.7)) return { ...broken, body: { text: random.pick(brokenTexts) } };
  const type = random.pick(mediaTypes);
  // With a charset that is not UTF-8 it is application/json all the same: JSON is UTF-8 whatever is said.
  const right = type.startsWith('application/json;');
  return {
    ...broken,
    headers: random.chance(0.2) ? [] : [['Content-Type', type]],
    ...(right && { expected: { statuses: [200, 400, 415] } }),
  };
};

/** Several things at once: odd values, broken escapes, strange paths and methods, headers of any kind. */
const hostile: Change = (request, random) => {
  const { operation } = request;
  const fields = fieldsOf(operation);
  let changed: FuzzRequest = { ...request, kind: 'hostile', expected: null };
  for (let count = fields.length && random.below(4); count > 0; count--) {
    const field = random.pick(fields);
    const text = random.pick(oddTexts);
    const wrong = wrongJson(field.schema);
    const json = random.chance(0.5) && wrong.length > 0 ? random.pick(wrong) : JSON.stringify(text);
    changed = withField(changed, field, json, text);
  }
  if (random.chance(0.15)) {
    const raw = random.pick([
      '%',
      '%zz',
      'a=%ff',
      '=',
      '&&',
      'a',
      '+=+',
      'a=b=c',
      'head_dim=%31',
      '#',
      '?',
      `a=${'b'.repeat(17_000)}`,
    ]);
    changed = { ...changed, query: [...changed.query, raw] };
  }
  if (random.chance(0.25)) {
    const value = random.pick(strangeValues);
    const path =
      operation.pathFields.length > 0 && random.chance(0.7)
        ? operation.path.replace(/\{[^}]+\}/, value)
        : `${changed.path}${random.pick(['/', '//', '/x', '.', '%', '%00', `/${value}`])}`;
    changed = { ...changed, path, astray: true };
  }
  if (random.chance(0.3)) {
    const method = random.pick(methods);
    changed = { ...changed, method, astray: changed.astray || method !== operation.method };
  }
  return random.chance(0.7) ? { ...changed, headers: [...changed.headers, ...oddHeaders(random)] } : changed;
};

const garbage: Change = (request, random) => ({
  ...request,
  kind: 'garbage',
  expected: null,
  garbage: garbageText(wireText(request), random),
});

/** What is done to an example, and how often. */
const changes: readonly (readonly [weight: number, change: Change])[] = [
  [10, (request) => request],
  [15, headersAround],
  [20, wrongField],
  [15, otherValues],
  [10, strangeName],
  [7, brokenBody],
  [15, hostile],
  [8, garbage],
];
const weights = changes.reduce((sum, [weight]) => sum + weight, 0);

/** Request number `index` of a seed: the same for the same document, whatever was asked before. */
export function requestAt(operations: readonly ApiOperation[], seed: number, index: number): FuzzRequest {
  const random = new Random(seed, index);
  const operation = operations[index % operations.length];
  if (!operation) throw new Error('there are no operations');
  const right = example(operation, random);
  let at = random.below(weights);
  for (const [weight, change] of changes) {
    if (at < weight) return change(right, random);
    at -= weight;
  }
  return right;
}
