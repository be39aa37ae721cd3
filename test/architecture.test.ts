import { readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** One import of a file. */
interface Import {
  /** A file of the repository as `src/app.ts`, or the name of a package. */
  readonly target: string;
  /** Only types are taken: nothing is left of it when the program runs. */
  readonly typeOnly: boolean;
}

/** `import … from 'x'`, `export … from 'x'`, `import 'x'` and `import('x')`. */
const importPattern =
  /^(?:import|export)\s+(type\s)?(?:[^;'"]*?\sfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm;

function importsOf(file: string, text: string): Import[] {
  return [...text.matchAll(importPattern)].map(([, type, from, dynamic]) => {
    const target = from ?? dynamic ?? '';
    return {
      target: target.startsWith('.') ? sourceOf(join(dirname(file), target)) : target,
      typeOnly: type !== undefined,
    };
  });
}

/** The file of an import: compiled files are named by TypeScript, sources without an ending by AssemblyScript. */
function sourceOf(path: string): string {
  return extname(path) === '' ? `${path}.ts` : path.replace(/\.js$/, '.ts');
}

/** Every source file and its imports, by path from the root. */
const graph: ReadonlyMap<string, readonly Import[]> = new Map(
  ['src', 'routes'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => {
        const file = relative(root, join(entry.parentPath, entry.name));
        return [file, importsOf(file, textOf(file))] as const;
      }),
  ),
);

function textOf(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

function isIn(file: string, places: readonly string[]): boolean {
  return places.some((place) => file === place || file.startsWith(`${place}/`));
}

/** The core: no HTTP, no log, no environment. */
const core = ['src/encodings', 'src/formats', 'src/kernels', 'src/numerics', 'src/tensor'];

/** What the core must not reach, by whatever way. */
const edge = [
  'src/http',
  'src/commands',
  'src/app.ts',
  'src/context.ts',
  'src/main.ts',
  'src/cli.ts',
  'routes',
];
const edgePackages =
  /^(?:fastify$|fastify-|@fastify\/|pino|prom-client$|node:(?:process|https?|http2|net|tls)$)/;

/**
 * The direction of dependencies: what the files of a place may import beside their own place and packages. A
 * request flows route → encoding → format → kernel, and never back.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'src/numerics': [],
  'src/tensor': ['src/numerics'],
  'src/kernels': ['src/numerics', 'src/tensor'],
  'src/formats': ['src/numerics', 'src/tensor'],
  'src/encodings': ['src/numerics', 'src/kernels', 'src/errors.ts', 'src/limits.ts', 'src/params.ts'],
  'src/errors.ts': [],
  'src/params.ts': ['src/errors.ts'],
};

/** Files that a file reaches by imports that are there at run time, itself included. */
function reachedFrom(start: string): { readonly files: Set<string>; readonly packages: Set<string> } {
  const files = new Set([start]);
  const packages = new Set<string>();
  for (const file of files) {
    for (const { target, typeOnly } of graph.get(file) ?? []) {
      if (typeOnly) continue;
      if (graph.has(target)) files.add(target);
      else packages.add(target);
    }
  }
  return { files, packages };
}

/** A path of imports from a file back to itself, or null. */
function cycleThrough(start: string): string[] | null {
  const from = new Map<string, string>();
  const queue = [start];
  for (const file of queue) {
    for (const { target } of graph.get(file) ?? []) {
      if (!graph.has(target) || from.has(target)) continue;
      from.set(target, file);
      if (target !== start) queue.push(target);
    }
  }
  if (!from.has(start)) return null;
  const path = [start];
  for (let file = from.get(start); file !== undefined && file !== start; file = from.get(file))
    path.unshift(file);
  return [start, ...path];
}

t.test('every form of import is seen, and every file that is named is there', (t) => {
  const text = [
    "import { a } from './a.js';",
    "import type { B } from '../b/c.js';",
    "import {\n  d,\n  type E,\n} from 'd';",
    "import './e.js';",
    "export { f } from './f.js';",
    "export * from './g.js';",
    "  const h = await import('./h.js');",
    "const quoted = 'import';",
  ].join('\n');
  t.same(importsOf('src/x/y.ts', text), [
    { target: 'src/x/a.ts', typeOnly: false },
    { target: 'src/b/c.ts', typeOnly: true },
    { target: 'd', typeOnly: false },
    { target: 'src/x/e.ts', typeOnly: false },
    { target: 'src/x/f.ts', typeOnly: false },
    { target: 'src/x/g.ts', typeOnly: false },
    { target: 'src/x/h.ts', typeOnly: false },
  ]);
  for (const [file, imports] of graph) {
    for (const { target } of imports) {
      if (isIn(target, ['src', 'routes'])) t.ok(graph.has(target), `${file} imports ${target}`);
    }
  }
  for (const place of [...core, ...edge, ...Object.keys(allowed)]) {
    t.ok(
      [...graph.keys()].some((file) => isIn(file, [place])),
      `${place} is there`,
    );
  }
  t.end();
});

t.test('the core reaches no HTTP, no log and no environment', (t) => {
  for (const file of [...graph.keys()].filter((name) => isIn(name, core))) {
    const { files, packages } = reachedFrom(file);
    t.same(
      [...files].filter((name) => isIn(name, edge)),
      [],
      file,
    );
    t.same(
      [...packages].filter((name) => edgePackages.test(name)),
      [],
      file,
    );
    t.same(
      [...files].filter((name) => /\bprocess\s*(?:\?\.|\.|\[)\s*['"]?(?:env|argv)\b/.test(textOf(name))),
      [],
      file,
    );
  }
  t.end();
});

t.test('dependencies point one way', (t) => {
  for (const [place, others] of Object.entries(allowed)) {
    for (const [file, imports] of graph) {
      if (!isIn(file, [place])) continue;
      const wrong = imports
        .map(({ target }) => target)
        .filter((target) => graph.has(target) && !isIn(target, [place, ...others]));
      t.same(wrong, [], file);
    }
  }
  t.end();
});

t.test('the edge is imported by nothing but itself and what wires it', (t) => {
  const importers = (place: string) =>
    [...graph].flatMap(([file, imports]) =>
      !isIn(file, [place]) && imports.some(({ target }) => isIn(target, [place])) ? [file] : [],
    );
  t.same(importers('routes'), ['src/app.ts']);
  t.same(importers('src/app.ts').sort(), ['src/main.ts', 'src/openapi-document.ts']);
  t.same(importers('src/main.ts'), ['src/commands/serve.ts']);
  t.same(importers('src/commands'), ['src/cli.ts']);
  t.same(importers('src/cli.ts'), []);
  t.end();
});

t.test('no file imports itself by way of others, not even for types', (t) => {
  for (const file of graph.keys()) t.equal(cycleThrough(file)?.join(' → ') ?? null, null, file);
  t.end();
});

t.test('no function that engines compute differently reaches a byte', (t) => {
  const inexact = /\bMath\.(?!(?:abs|ceil|clz32|floor|fround|imul|max|min|round|sign|sqrt|trunc)\b)[a-z]\w*/g;
  /** Powers of two and of whole numbers are exact. */
  const power = /(?<!\b2|\bBigInt\(\w+\)) \*\* (?!BigInt\()\S+/g;
  for (const file of graph.keys()) {
    if (!isIn(file, core)) continue;
    const code = textOf(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    t.same(code.match(inexact) ?? [], [], file);
    t.same(code.match(power) ?? [], [], file);
  }
  t.end();
});
