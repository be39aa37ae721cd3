import { type Body, bodyText, type FuzzRequest } from './request.js';

/** A list without one of its members, for each of them. */
function without<T>(list: readonly T[]): T[][] {
  return list.map((_, i) => list.filter((__, j) => j !== i));
}

/** A text without its second or first half, its last quarter, its first or last character. */
function shorter(text: string): string[] {
  const half = Math.floor(text.length / 2);
  if (text.length < 2) return text === '' ? [] : [''];
  const most = Math.floor(0.75 * text.length);
  return [text.slice(0, half), text.slice(half), text.slice(0, most), text.slice(1), text.slice(0, -1)];
}

function smallerBodies(body: Body): (Body | null)[] {
  if ('text' in body) return [null, ...shorter(body.text).map((text) => ({ text }))];
  return [null, ...without(body.members).map((members) => ({ members }))];
}

/** Requests with a little less in them. What an expectation is about stays. */
function* smaller(request: FuzzRequest): Generator<FuzzRequest, void, void> {
  const { query, headers, body, expected, garbage } = request;
  if (garbage !== null) {
    for (const text of shorter(garbage)) yield { ...request, garbage: text };
    return;
  }
  for (const fewer of without(headers)) yield { ...request, headers: fewer };
  if (expected?.statuses.includes(200)) return;
  const field = expected?.field;
  for (const fewer of without(query)) {
    if (field === undefined || fewer.some((part) => part.startsWith(`${field}=`)))
      yield { ...request, query: fewer };
  }
  if (body) {
    for (const less of smallerBodies(body)) {
      if (field === undefined || (less && bodyText(less).includes(JSON.stringify(field))))
        yield { ...request, body: less };
    }
  }
  if (expected) return;
  for (const [i, part] of query.entries()) {
    for (const text of shorter(part)) yield { ...request, query: query.with(i, text) };
  }
  for (const [i, [name, value]] of headers.entries()) {
    for (const text of shorter(value)) yield { ...request, headers: headers.with(i, [name, text]) };
  }
}

/** Tries that a search may take. */
const tries = 400;

/**
 * Takes away from a request as long as it still shows its fault.
 *
 * @param shows Sends a request and tells whether it has the same fault.
 */
export async function smallestRequest(
  request: FuzzRequest,
  shows: (request: FuzzRequest) => Promise<boolean>,
): Promise<FuzzRequest> {
  let found = request;
  let left = tries;
  for (let smallerFound = true; smallerFound; ) {
    smallerFound = false;
    for (const candidate of smaller(found)) {
      if (left-- === 0) return found;
      if (!(await shows(candidate))) continue;
      found = candidate;
      smallerFound = true;
      break;
    }
  }
  return found;
}
