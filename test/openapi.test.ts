import { readFile } from 'node:fs/promises';
import t from 'tap';
import { registerRoutes } from '../routes/index.js';
import { encodings } from '../src/encodings/index.js';
import { headerComponents } from '../src/http/openapi-headers.js';
import { openapiText } from '../src/openapi-document.js';
import { splitQuery } from '../src/params.js';
import { makeService } from './http/service.js';
import { Contract, nameOf } from './support/openapi.js';

/** Every route that was registered, as `GET /v1/encodings/{id}`. */
const routes = new Set<string>();
const app = makeService(
  t,
  {},
  {
    routes: (scope, context) => {
      scope.addHook('onRoute', ({ method, url }) => {
        for (const one of [method].flat()) routes.add(`${one} ${url.replace(/:(\w+)/g, '{$1}')}`);
      });
      return registerRoutes(scope, context);
    },
  },
);
const contract = new Contract((await app.inject('/openapi.json')).json());
const { document, operations } = contract;

t.test('the committed document is the one that the schemas make, and the one that is served', async (t) => {
  const committed = await readFile(new URL('../../openapi/openapi.json', import.meta.url), 'utf8');
  t.equal(committed, await openapiText(encodings));
  t.same(JSON.parse(committed), document);
});

t.test('every route is an operation and every operation a route', (t) => {
  const documented = operations.map(nameOf);
  /** A page for people, and a route that only says that there is no such encoding. */
  const hidden = (route: string) => / \/(?:docs|v1\/tables\/\{name\}$)/.test(route);
  const shown = [...routes].filter((route) => !hidden(route) && !route.startsWith('HEAD '));
  t.same([...shown].sort(), [...documented].sort());
  t.ok(documented.length > 4 * encodings.length);
  for (const route of shown.filter((name) => name.startsWith('GET '))) {
    t.ok(routes.has(route.replace('GET', 'HEAD')), `${route} has HEAD`);
  }
  for (const { id } of encodings) {
    for (const path of [`/v1/tables/${id}`, `/v1/tables/${id}.{ext}`]) {
      for (const method of ['GET', 'POST'])
        t.ok(documented.includes(`${method} ${path}`), `${method} ${path}`);
    }
  }
  t.end();
});

function referencesIn(value: unknown): Set<string> {
  const found = new Set<string>();
  JSON.stringify(value, (key, member) => {
    if (key === '$ref') found.add(member);
    return member;
  });
  return found;
}

t.test('every reference points at something, and every component is referred to', (t) => {
  const references = referencesIn(document);
  for (const reference of references) t.ok(contract.at(reference), reference);
  for (const [kind, members] of Object.entries(document.components)) {
    for (const name of Object.keys(members))
      t.ok(references.has(`#/components/${kind}/${name}`), `${kind} ${name}`);
  }
  t.end();
});

t.test('no schema refers to itself, which many client generators cannot read', (t) => {
  for (const name of Object.keys(document.components.schemas ?? {})) {
    const own = `#/components/schemas/${name}`;
    const reached = referencesIn(contract.at(own));
    for (const reference of reached)
      for (const next of referencesIn(contract.at(reference))) reached.add(next);
    t.notOk(reached.has(own), name);
  }
  t.end();
});

t.test('every operation has an id of its own, words, an example, and the parameters of its path', (t) => {
  const ids = operations.map(({ operation }) => operation.operationId);
  t.equal(new Set(ids).size, ids.length);
  for (const place of operations) {
    const { operationId, summary, description } = place.operation;
    t.match(operationId, /^[a-z][A-Za-z0-9]*$/);
    t.ok(summary && description && place.operation['x-posenc-examples'].length > 0, operationId);
    const parameters = contract.parameters(place);
    const inPath = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
    t.same(
      inPath,
      [...place.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
      operationId,
    );
    t.equal(new Set(parameters.map(({ name }) => name)).size, parameters.length, operationId);
    for (const { name, description: words } of parameters) t.ok(words, `${operationId} ${name} is described`);
  }
  t.end();
});

/** A value of a parameter as a query has it, read back. */
function queryValue(schema: Readonly<Record<string, unknown>>, text: string): unknown {
  const { type, items } = schema;
  if (type === 'array') return text.split(',').map((item) => queryValue(items as typeof schema, item));
  return type === 'string' ? text : JSON.parse(text);
}

t.test('the examples follow the schemas of their parameters, and together they are the first call', (t) => {
  for (const place of operations) {
    const { operationId, requestBody } = place.operation;
    const query: string[] = [];
    let { path } = place;
    for (const { name, in: where, schema, content, example } of contract.parameters(place)) {
      if (example === undefined) continue;
      const declared = schema ?? content?.['application/json']?.schema ?? {};
      t.equal(contract.violation(declared, example), null, `${operationId} ${name}`);
      if (where === 'path') path = path.replace(`{${name}}`, String(example));
      else query.push(`${name}=${content ? encodeURIComponent(JSON.stringify(example)) : String(example)}`);
    }
    const [shownPath, shownQuery] = contract.firstExample(place).path.split('?');
    t.equal(shownPath, path, operationId);
    t.same(shownQuery?.split('&').sort() ?? [], query.sort(), operationId);

    const body = requestBody?.content['application/json'];
    for (const { value } of Object.values(body?.examples ?? {})) {
      t.equal(contract.violation(body?.schema ?? {}, value), null, operationId);
    }
  }
  t.end();
});

t.test('every call that is shown has parameters as declared', (t) => {
  for (const place of operations) {
    const parameters = new Map(contract.parameters(place).map((parameter) => [parameter.name, parameter]));
    for (const { title, path, body } of place.operation['x-posenc-examples']) {
      for (const [name, text] of splitQuery(path.split('?')[1] ?? '')) {
        const { schema, content } = parameters.get(name) ?? {};
        const declared = schema ?? content?.['application/json']?.schema;
        t.ok(declared, `${path} ${name}`);
        if (!declared) continue;
        const value = content ? JSON.parse(text) : queryValue(declared, text);
        t.equal(contract.violation(declared, value), null, `${path} ${name}`);
      }
      const schema = place.operation.requestBody?.content['application/json']?.schema;
      if (schema) t.equal(contract.violation(schema, body), null, title);
    }
  }
  t.end();
});

t.test('a page of another origin may read every header that the document speaks of', async (t) => {
  const open = makeService(t, { POSENC_CORS_ORIGINS: '*' }, { routes: registerRoutes });
  const { headers } = await open.inject({ url: '/livez', headers: { origin: 'https://a.example' } });
  t.same(String(headers['access-control-expose-headers']).split(', '), [
    ...Object.keys(headerComponents),
    'Allow',
  ]);
});
