/** What a JSON value looks like while it is walked. */
type Json = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const localDefinition = '#/$defs/';

/**
 * Moves the definitions inside a value (`$defs`) to the components, with all references to them. The same
 * schema may be defined in many places; two different ones of one name are a mistake.
 */
export function hoistDefinitions(value: unknown, schemas: Map<string, Json>): unknown {
  if (Array.isArray(value)) return value.map((item) => hoistDefinitions(item, schemas));
  if (!isObject(value)) return value;
  const { $defs, ...rest } = value;
  if (isObject($defs)) {
    for (const [name, definition] of Object.entries($defs)) {
      const hoisted = hoistDefinitions(definition, schemas);
      if (!isObject(hoisted)) throw new Error(`the definition of ${name} is no schema`);
      const known = schemas.get(name);
      if (known && JSON.stringify(known) !== JSON.stringify(hoisted)) {
        throw new Error(`there are two different schemas ${name}`);
      }
      schemas.set(name, hoisted);
    }
  }
  return Object.fromEntries(
    Object.entries(rest).map(([key, member]) => [
      key,
      key === '$ref' && typeof member === 'string' && member.startsWith(localDefinition)
        ? `#/components/schemas/${member.slice(localDefinition.length)}`
        : hoistDefinitions(member, schemas),
    ]),
  );
}

/** Components as `kind/name`, as references have them. */
function referencesIn(value: unknown, found: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) referencesIn(item, found);
  if (!isObject(value)) return;
  for (const [key, member] of Object.entries(value)) {
    if (key === '$ref' && typeof member === 'string') found.add(member.replace('#/components/', ''));
    else referencesIn(member, found);
  }
}

/** The components that are referred to, by the paths or by each other; kinds and names in alphabetical order. */
export function usedComponents(paths: unknown, components: Json): Record<string, Json> {
  const used = new Set<string>();
  referencesIn(paths, used);
  for (const reference of used) {
    const [kind = '', name = ''] = reference.split('/');
    const members = components[kind];
    if (!isObject(members) || !(name in members)) throw new Error(`there is no component ${reference}`);
    // What is added to a set while it is walked is walked too.
    referencesIn(members[name], used);
  }
  const kinds = Object.keys(components).sort();
  return Object.fromEntries(
    kinds.flatMap((kind) => {
      const members = components[kind];
      if (!isObject(members)) return [];
      const names = Object.keys(members)
        .filter((name) => used.has(`${kind}/${name}`))
        .sort();
      return names.length === 0
        ? []
        : [[kind, Object.fromEntries(names.map((name) => [name, members[name]]))]];
    }),
  );
}
