import { createHash } from 'node:crypto';
import type { AnyEncoding } from '../../src/encodings/define.js';
import { PosencError } from '../../src/errors.js';
import { formats } from '../../src/formats/index.js';
import { encodeQuery } from '../../src/params.js';
import { revision } from '../../src/revision.js';
import { type FilePlan, planFile, planTable, tableParameters } from '../../src/table.js';
import { type ConformanceCase, conformanceCases } from './conformance-cases.js';
import { wholeOf } from './files.js';
import { limits, type Params, tables } from './tables.js';

/** One table of the matrix in every format that holds it. */
export interface ConformanceTable {
  readonly encoding: AnyEncoding;
  readonly params: Params;
  /** The parameters as a query. */
  readonly query: string;
  /** Profile and dtype, such as `exact bf16`. */
  readonly label: string;
  readonly files: readonly FilePlan[];
}

/** A plan, or undefined where the table has no such profile or dtype, or the format cannot hold it. */
function unlessRefused<T>(plan: () => T): T | undefined {
  try {
    return plan();
  } catch (error) {
    const refused = error instanceof PosencError && error.code === 'invalid_parameters';
    const axes = ['#/dtype', '#/profile', '#/tensors'];
    if (refused && error.errors.every(({ pointer }) => axes.includes(pointer))) return undefined;
    throw error;
  }
}

/** The values of a common parameter; undefined alone where the encoding does not have it. */
function axis(encoding: AnyEncoding, name: 'dtype' | 'profile'): readonly (string | undefined)[] {
  const type = tableParameters(encoding).shape[name];
  if (!type) return [undefined];
  const { options } = type.unwrap() as { readonly options: readonly string[] };
  return options;
}

/** The table in each format that holds it; formats of one tensor have each of its tensors. */
function filesOf({ encoding, params }: ConformanceCase, profile?: string, dtype?: string): FilePlan[] {
  const tableOf = (more: Params) => {
    const values = { ...params, ...(profile && { profile }), ...more };
    return unlessRefused(() => planTable(encoding, { values, errors: [] }, limits));
  };
  const typed = dtype === undefined ? {} : { dtype };
  const table = tableOf(typed);
  if (!table) return [];
  // A tensor whose dtype is fixed is asked for without one.
  const single = table.available.flatMap((name) => {
    const tensors = [name];
    return tableOf({ tensors, ...typed }) ?? tableOf({ tensors }) ?? [];
  });
  return formats.flatMap((format) =>
    (format.single ? single : [table]).flatMap(
      (selected) => unlessRefused(() => planFile(selected, format, limits)) ?? [],
    ),
  );
}

/** The matrix: every case of every encoding × profile × dtype × format. No file stands in it twice. */
export function* conformanceTables(
  encodings: readonly AnyEncoding[],
): Generator<ConformanceTable, void, void> {
  const seen = new Set<string>();
  for (const encoding of encodings) {
    for (const one of conformanceCases(encoding)) {
      for (const profile of axis(encoding, 'profile')) {
        for (const dtype of axis(encoding, 'dtype')) {
          const files = filesOf(one, profile, dtype).filter(({ etag }) => !seen.has(etag));
          for (const { etag } of files) seen.add(etag);
          if (files.length === 0) continue;
          const label = [profile, dtype].filter((part) => part !== undefined).join(' ') || 'all';
          yield { encoding, params: one.params, query: encodeQuery(one.params), label, files };
        }
      }
    }
  }
}

/**
 * The file without its revision and without words that no number depends on: they stand in JSON and safetensors,
 * and a digest of them would not tell what a new revision is about.
 */
function bareFile(file: FilePlan): FilePlan {
  const { format, canonicalUrl } = file;
  const identity = canonicalUrl?.replace(/&revision=[^&]*$/, '') ?? 'supplied';
  const description = { ...file.description, identity, revision: '', meta: {} };
  return { ...file, description, layout: format.kind === 'binary' ? format.layout(description) : null };
}

/** The digest of the matrix, as test/conformance.digest.json holds it. */
export interface ConformanceDigest {
  /** The kernel revision whose bytes these are. */
  readonly revision: string;
  /** The revision of each format. */
  readonly formats: Readonly<Record<string, string>>;
  readonly files: number;
  /** SHA-256 over all bytes of all files. */
  readonly total: string;
  /**
   * Encoding → case → profile and dtype → the formats, each with the first 32 bits of the SHA-256 of its bytes:
   * `json 1f2e3d4c npy …`. Enough to see what changed; the total leaves nothing to chance.
   */
  readonly encodings: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>>;
}

/** Computes every file of the matrix and its digests. */
export async function conformanceDigest(matrix: Iterable<ConformanceTable>): Promise<ConformanceDigest> {
  const total = createHash('sha256');
  const found: Record<string, Record<string, Record<string, string>>> = {};
  let count = 0;
  for (const { encoding, query, label, files } of matrix) {
    const byFormat = new Map(formats.map(({ name }) => [name, createHash('sha256')]));
    for (const file of files) {
      const bytes = await wholeOf(bareFile(file), tables);
      byFormat.get(file.format.name)?.update(bytes);
      total.update(bytes);
      count++;
    }
    const held = formats.filter((format) => files.some((file) => file.format === format));
    const digests = held.map(({ name }) => `${name} ${byFormat.get(name)?.digest('hex').slice(0, 8)}`);
    found[encoding.id] ??= {};
    found[encoding.id]![query] ??= {};
    found[encoding.id]![query]![label] = digests.join(' ');
  }
  return {
    revision,
    formats: Object.fromEntries(formats.map((format) => [format.name, format.revision])),
    files: count,
    total: total.digest('hex'),
    encodings: found,
  };
}

/** Where two digests differ, in lines to read: tables by their URL, profile and dtype, with the formats concerned. */
export interface ConformanceDifference {
  /** Bytes that changed although neither the kernel revision nor the format's did: a broken promise. */
  readonly changed: readonly string[];
  /** What else the committed digest does not say as it is: it must be written anew. */
  readonly stale: readonly string[];
}

/** The digest of each format of each table, by the table's name. */
function tablesOf({ encodings }: ConformanceDigest): Map<string, Map<string, string>> {
  const found = new Map<string, Map<string, string>>();
  for (const [id, cases] of Object.entries(encodings)) {
    for (const [query, labels] of Object.entries(cases)) {
      for (const [label, text] of Object.entries(labels)) {
        const pairs = [...text.matchAll(/(\S+) (\S+)/g)].map(
          ([, format = '', digest = '']) => [format, digest] as const,
        );
        found.set(`${id}?${query}, ${label}`, new Map(pairs));
      }
    }
  }
  return found;
}

/** Compares the digest that is committed with the one that was computed. */
export function compareDigests(
  committed: ConformanceDigest,
  computed: ConformanceDigest,
): ConformanceDifference {
  const [changed, stale]: [string[], string[]] = [[], []];
  const sameKernel = committed.revision === computed.revision;
  if (!sameKernel) stale.push(`revision ${computed.revision}, where the digest is of ${committed.revision}`);
  for (const [format, now] of Object.entries(computed.formats)) {
    const then = committed.formats[format];
    if (then !== now) stale.push(`revision ${now} of ${format}, where the digest is of ${then}`);
  }
  const before = tablesOf(committed);
  const after = tablesOf(computed);
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [then, now] = [before.get(name), after.get(name)];
    const differing = formats
      .map((format) => format.name)
      .filter((format) => then?.get(format) !== now?.get(format));
    const broken = differing.filter(
      (format) =>
        sameKernel &&
        committed.formats[format] === computed.formats[format] &&
        then?.has(format) &&
        now?.has(format),
    );
    const rest = differing.filter((format) => !broken.includes(format));
    if (broken.length > 0) changed.push(`${name}: ${broken.join(', ')}`);
    if (rest.length > 0) stale.push(`${name}: ${rest.join(', ')}`);
  }
  const same = changed.length + stale.length === 0;
  if (same && committed.total !== computed.total) {
    changed.push('the total, beyond the first 32 bits of every file');
  }
  return { changed, stale };
}

/** What is wrong and what to do, for whoever runs the test or the update; null where the digest is as it should be. */
export function explain({ changed, stale }: ConformanceDifference): string | null {
  const list = (paths: readonly string[]) => [
    ...paths.slice(0, 20).map((path) => `  ${path}`),
    ...(paths.length > 20 ? [`  and ${paths.length - 20} more`] : []),
  ];
  if (changed.length > 0) {
    return [
      `${changed.length} tables changed their bytes, but their revision did not change:`,
      ...list(changed),
      'If that was not meant, mend it. If it was: raise the revision in src/revision.ts (or that of the format, where',
      'only its layout changed), tell it in CHANGELOG.md under Numerics, and run npm run conformance:update.',
    ].join('\n');
  }
  if (stale.length > 0) {
    return [
      'test/conformance.digest.json is not of this state:',
      ...list(stale),
      'Run npm run conformance:update and commit what it writes.',
    ].join('\n');
  }
  return null;
}
