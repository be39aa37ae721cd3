import t from 'tap';
import { registerRoutes } from '../routes/index.js';
import { encodings } from '../src/encodings/index.js';
import { formats } from '../src/formats/index.js';
import { problemMediaType } from '../src/http/problem.js';
import { listen, makeService } from './http/service.js';
import { type Answer, type Call, callOf, send, sendRaw } from './support/calls.js';
import { Contract, nameOf, type Place } from './support/openapi.js';

/** Bodies above this are refused; large enough for every example. */
const bodyBytes = 65_536;

const app = makeService(t, { POSENC_MAX_BODY_BYTES: String(bodyBytes) }, { routes: registerRoutes });
const base = `http://127.0.0.1:${await listen(app)}`;
const contract = new Contract(JSON.parse((await send(base, get('/openapi.json'))).body.toString()));
const { document, operations } = contract;

function get(target: string, headers: Record<string, string> = {}): Call {
  return { method: 'GET', target, headers };
}

/** The first call that an operation shows. */
function firstCall(place: Place): Call {
  return callOf(place.method, contract.firstExample(place));
}

/** Headers of every HTTP message, whatever it carries. */
const transport = new Set([
  'connection',
  'content-length',
  'content-type',
  'date',
  'keep-alive',
  'transfer-encoding',
]);

function mediaTypeOf({ headers }: Answer): string | undefined {
  return headers.get('content-type')?.split(';')[0];
}

/** What of an answer is not as its operation declares it, in sentences; empty where all is. */
function deviations(place: Place, answer: Answer): string[] {
  const { status, headers, body } = answer;
  const declared = contract.response(place, status);
  if (!declared) return [`${status} is not declared: ${body.subarray(0, 200)}`];
  const found: string[] = [];

  const mediaType = mediaTypeOf(answer);
  const { content } = declared;
  if (!content && (mediaType !== undefined || body.length > 0)) found.push(`${status} has a body`);
  if (content && !(mediaType !== undefined && mediaType in content))
    found.push(`${mediaType} is not declared`);
  if (mediaType?.endsWith('json') && found.length === 0) {
    const schema = contract.bodySchema(place, status, mediaType);
    const violation = contract.violation(schema, JSON.parse(body.toString()));
    if (violation) found.push(violation);
  }

  const known = contract.headers(declared);
  for (const [name, { required, schema }] of known) {
    const text = headers.get(name);
    if (text === undefined) {
      if (required) found.push(`${name} is missing`);
      continue;
    }
    const violation = contract.violation(schema, schema.type === 'integer' ? Number(text) : text);
    if (violation) found.push(`${name}: ${text}: ${violation}`);
  }
  for (const name of headers.keys()) {
    if (!known.has(name) && !transport.has(name)) found.push(`the header ${name} is not declared`);
  }
  return found;
}

t.test('every call that is shown, and every success that is declared, is answered as declared', async (t) => {
  for (const place of operations) {
    const seen = new Set<number>();
    const ask = async (call: Call, expected: number) => {
      const answer = await send(base, call);
      t.equal(answer.status, expected, `${nameOf(place)} ${call.target}`);
      t.same(deviations(place, answer), [], `${nameOf(place)} ${call.target} ${answer.status}`);
      seen.add(answer.status);
      return answer;
    };
    for (const example of place.operation['x-posenc-examples']) {
      const call = callOf(place.method, example);
      const answer = await ask(call, 200);
      if (place.method !== 'GET') continue;
      const etag = answer.headers.get('etag');
      if (etag !== undefined) await ask({ ...call, headers: { 'if-none-match': etag } }, 304);
      if (answer.headers.get('accept-ranges') !== 'bytes') continue;
      const part = await ask({ ...call, headers: { range: 'bytes=3-9' } }, 206);
      t.ok(part.body.equals(answer.body.subarray(3, 10)), call.target);
    }
    // A negotiated table has ranges once a binary format is asked for.
    if (contract.response(place, 206) && !seen.has(206)) {
      const accept = 'application/vnd.safetensors';
      await ask({ ...firstCall(place), headers: { accept, range: 'bytes=3-9' } }, 206);
    }
    const successes = Object.keys(place.operation.responses)
      .map(Number)
      .filter((status) => status < 400);
    t.same([...seen].sort(), successes, nameOf(place));
  }
});

t.test('HEAD has the headers of GET and no body', async (t) => {
  const varying = new Set([
    'connection',
    'content-length',
    'date',
    'server-timing',
    'transfer-encoding',
    'x-request-id',
    'keep-alive',
  ]);
  for (const place of operations.filter(({ method }) => method === 'GET')) {
    const call = firstCall(place);
    const whole = await send(base, call);
    const head = await send(base, { ...call, method: 'HEAD' });
    t.equal(head.status, 200, nameOf(place));
    t.equal(head.body.length, 0, nameOf(place));
    const steady = ({ headers }: Answer) =>
      Object.fromEntries([...headers].filter(([name]) => !varying.has(name)));
    t.same(steady(head), steady(whole), nameOf(place));
  }
});

t.test('every encoding in every content type is the same by path and Accept, by GET and POST', async (t) => {
  for (const { id } of encodings) {
    const path = `/v1/tables/${id}`;
    const place = (method: string, suffix: string) => {
      const found = operations.find((one) => one.method === method && one.path === path + suffix);
      if (!found) throw new Error(`no ${method} ${path}${suffix}`);
      return found;
    };
    const declared = contract.response(place('GET', ''), 200)?.content ?? {};
    t.same(Object.keys(declared).sort(), formats.map(({ mediaType }) => mediaType.split(';')[0]).sort());
    for (const mediaType of Object.keys(declared)) {
      const { extension } = formats.find((format) => format.mediaType.split(';')[0] === mediaType) ?? {};
      const answers: Answer[] = [];
      for (const method of ['GET', 'POST']) {
        const named = place(method, '.{ext}');
        const example = named.operation['x-posenc-examples'].find((one) =>
          one.path.startsWith(`${path}.${extension}`),
        );
        if (!example) throw new Error(`${method} ${path}.${extension} has no example`);
        const call = callOf(method, example);
        const byPath = await send(base, call);
        const target = call.target.replace(`.${extension}`, '');
        const byAccept = await send(base, {
          ...call,
          target,
          headers: { ...call.headers, accept: mediaType },
        });
        t.same(deviations(named, byPath), [], call.target);
        t.same(deviations(place(method, ''), byAccept), [], `${target} as ${mediaType}`);
        answers.push(byPath, byAccept);
      }
      const [first] = answers;
      for (const answer of answers) {
        t.equal(answer.status, 200, `${path} as ${mediaType}`);
        t.equal(mediaTypeOf(answer), mediaType, path);
        t.equal(answer.headers.get('etag'), first?.headers.get('etag'), `${path} as ${mediaType}`);
        t.ok(first?.body.equals(answer.body), `${path} as ${mediaType}`);
      }
    }
  }
});

t.test('a digest is answered as declared', async (t) => {
  for (const place of operations.filter(({ path, method }) => path.endsWith('{ext}') && method === 'GET')) {
    const { target } = firstCall(place);
    const answer = await send(base, get(`${target}&digest=sha-256`));
    t.same(deviations(place, answer), [], target);
    t.equal(
      contract.violation('#/components/schemas/Digest', JSON.parse(answer.body.toString())),
      null,
      target,
    );
  }
});

t.test('a default that is sent is no other request than one that is left out', async (t) => {
  for (const place of operations.filter(
    ({ path, method }) => /^\/v1\/tables\//.test(path) && method === 'GET',
  )) {
    const { target } = firstCall(place);
    const defaults = contract
      .parameters(place)
      .filter(({ example, schema }) => example === undefined && schema?.default !== undefined)
      .map(({ name, schema }) => `&${name}=${schema?.default}`);
    const plain = await send(base, { ...get(target), method: 'HEAD' });
    const told = await send(base, { ...get(target + defaults.join('')), method: 'HEAD' });
    t.equal(told.headers.get('etag'), plain.headers.get('etag'), `${target}${defaults.join('')}`);
  }
});

/** Adds to the query of a call. */
function withQuery(call: Call, more: string): Call {
  return { ...call, target: `${call.target}${call.target.includes('?') ? '&' : '?'}${more}` };
}

function withHeader(call: Call, name: string, value: string): Call {
  return { ...call, headers: { ...call.headers, [name]: value } };
}

/** Calls that provoke a status, made from one that works. */
const provocations: Readonly<Record<number, (call: Call, place: Place) => Call[]>> = {
  400: (call) => [
    { ...call, hostless: true },
    ...(call.body === undefined ? [] : [{ ...call, body: '{"a":' }]),
    ...(call.target.includes('?') ? [withQuery(call, 'a=%zz')] : []),
  ],
  404: (call, { path }) => {
    if (path === '/v1/encodings/{id}') return [get('/v1/encodings/none')];
    const old = withQuery(call, 'revision=none');
    return path.endsWith('{ext}')
      ? [old, { ...call, target: call.target.replace('.safetensors', '.pt') }]
      : [old];
  },
  406: (call) => [withHeader(call, 'accept', 'image/png')],
  412: (call) => [withHeader(call, 'if-match', '"none"')],
  413: (call) => [{ ...call, body: `${call.body}${' '.repeat(bodyBytes)}` }],
  414: (call) => [withQuery(call, `a=${'a'.repeat(20_000)}`)],
  415: (call) => [
    withHeader(call, 'content-type', 'text/plain'),
    withHeader(call, 'content-encoding', 'gzip'),
  ],
  416: (call) => [
    withHeader(withHeader(call, 'range', 'bytes=1000000000-'), 'accept', 'application/vnd.safetensors'),
  ],
  417: (call) => [withHeader(call, 'expect', 'a miracle')],
  422: (call) => [withQuery(call, 'no_such_parameter=1'), withQuery(call, 'start=0&start=0')],
  431: (call) => [withHeader(call, 'a', 'a'.repeat(40_000))],
};

/** Statuses that no request provokes by itself: time passing, a failure, load or the end of the service. */
const unprovoked = new Set([408, 429, 500, 503]);

/** The members of problems that clients are told of. */
const declaredMembers = new Set(Object.keys(Object(contract.at('#/components/schemas/Problem/properties'))));

t.test('every problem that is declared is provoked and answered as declared', async (t) => {
  for (const place of operations) {
    const statuses = Object.keys(place.operation.responses)
      .map(Number)
      .filter((status) => status >= 400);
    t.ok(statuses.length > 0, nameOf(place));
    for (const status of statuses.filter((one) => !unprovoked.has(one))) {
      const calls = provocations[status]?.(firstCall(place), place) ?? [];
      t.ok(calls.length > 0, `${nameOf(place)}: a way to provoke ${status}`);
      for (const call of calls) {
        const name = `${nameOf(place)} ${status} ${call.target.slice(0, 200)}`;
        const answer = await sendRaw(base, call);
        t.equal(answer.status, status, name);
        t.equal(mediaTypeOf(answer), problemMediaType, name);
        t.same(deviations(place, answer), [], name);
        const problem = JSON.parse(answer.body.toString());
        t.equal(problem.status, status, name);
        t.equal(problem.request_id, answer.headers.get('x-request-id'), name);
        t.same(
          Object.keys(problem).filter((member) => !declaredMembers.has(member)),
          [],
          name,
        );
      }
    }
  }
});

t.test('a wrong parameter is pointed at', async (t) => {
  for (const place of operations.filter(({ path }) => /^\/v1\/tables\//.test(path))) {
    const answer = await send(base, withQuery(firstCall(place), 'no_such_parameter=1'));
    t.match(JSON.parse(answer.body.toString()).errors, [{ pointer: '#/no_such_parameter' }], nameOf(place));
  }
});

t.test('what the document does not show is 405 with the methods that it does, or 404', async (t) => {
  for (const [path, item] of Object.entries(document.paths)) {
    const [place] = operations.filter((one) => one.path === path);
    const target = place ? firstCall(place).target : path;
    const methods = Object.keys(item).flatMap((method) =>
      method === 'get' ? ['GET', 'HEAD'] : method.toUpperCase(),
    );
    for (const method of ['PUT', 'PATCH', 'DELETE', ...(methods.includes('POST') ? [] : ['POST'])]) {
      const answer = await send(base, { method, target, headers: {} });
      t.equal(answer.status, 405, `${method} ${target}`);
      t.equal(answer.headers.get('allow'), [...methods, 'OPTIONS'].join(', '), `${method} ${target}`);
      const problem = JSON.parse(answer.body.toString());
      t.equal(contract.violation('#/components/schemas/Problem', problem), null, `${method} ${target}`);
      t.equal(problem.code, 'method_not_allowed');
    }
  }
  for (const target of ['/', '/v1', '/v1/tables', '/v1/tables/none', '/v1/nothing', '/openapi.yaml']) {
    const answer = await send(base, get(target));
    t.equal(answer.status, 404, target);
    const problem = JSON.parse(answer.body.toString());
    t.equal(contract.violation('#/components/schemas/Problem', problem), null, target);
  }
});
