import { createHash } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { registerRoutes } from '../routes/index.js';
import { encodings } from '../src/encodings/index.js';
import { jsonText } from '../src/formats/json-text.js';
import type { FilePlan } from '../src/table.js';
import { listen, makeService } from './http/service.js';
import { type ConformanceTable, conformanceTables } from './support/conformance.js';
import { deliveryOf, rangeOf, wholeOf } from './support/files.js';
import { tables } from './support/tables.js';

const matrix = [...conformanceTables(encodings)];

/** Seeded whole numbers from 0 to 2^53 − 1, all equally likely, made `count` at a time. */
function* seeded(seed: number, count: number): Generator<number, never, void> {
  while (true) yield* fc.sample(fc.noBias(fc.maxSafeNat()), { seed: seed++, numRuns: count });
}

function isBinary({ format }: FilePlan): boolean {
  return format.kind === 'binary';
}

/** The URL of a file, or its encoding's, format and parameters. */
function nameOf({ canonicalUrl, table, format }: FilePlan): string {
  return canonicalUrl ?? `${table.encoding.id}.${format.extension} of ${JSON.stringify(table.params)}`;
}

t.test(
  'any bytes of any table, computed on demand in blocks of any size, are those of the whole',
  async (t) => {
    const numbers = seeded(20260101, 4096);
    const wrong: string[] = [];
    const files = matrix.flatMap((table) => table.files).filter(isBinary);
    for (const file of files) {
      const whole = await wholeOf(file, tables);
      if (whole.length !== file.layout?.byteLength) wrong.push(`length of ${nameOf(file)}`);
      const [a, b] = [numbers.next().value % (whole.length + 1), numbers.next().value % (whole.length + 1)];
      const [start, end] = a < b ? [a, b] : [b, a];
      // From about the whole to a 64th of it; never less than an element.
      const block = 8 + Math.ceil(whole.length / 2 ** (numbers.next().value % 7));
      const bytes = await rangeOf(deliveryOf(file, tables), start, end, block);
      if (!bytes.equals(whole.subarray(start, end))) {
        wrong.push(`bytes ${start} to ${end} in blocks of ${block} of ${nameOf(file)}`);
      }
    }
    t.same(wrong, []);
    t.ok(files.length > 2000, `${files.length} files`);
  },
);

t.test('length, entity tag, digest and ranges over HTTP are those of the file', async (t) => {
  const app = makeService(t, {}, { routes: registerRoutes });
  const numbers = seeded(20260102, 4096);
  const wrong: string[] = [];
  // One profile and dtype of each case, one file of each format.
  const cases = new Map<string, ConformanceTable[]>();
  for (const table of matrix) {
    const name = `${table.encoding.id}?${table.query}`;
    cases.set(name, [...(cases.get(name) ?? []), table]);
  }
  const files = [...cases.values()].flatMap((labels) => {
    const { files: all } = labels[numbers.next().value % labels.length]!;
    return all.filter(
      (file, i) => isBinary(file) && all.findIndex(({ format }) => format === file.format) === i,
    );
  });
  for (const file of files) {
    const whole = await wholeOf(file, tables);
    const etag = `"${file.etag}"`;
    const check = (what: string, actual: unknown, expected: unknown) => {
      if (actual !== expected) wrong.push(`${what} of ${nameOf(file)}: ${actual} for ${expected}`);
    };
    const path = `/v1/tables/${file.table.encoding.id}.${file.format.extension}`;
    const url = file.canonicalUrl ?? path;
    const headers = { 'content-type': 'application/json' };
    const posted = { method: 'POST', headers, payload: jsonText(file.table.params) } as const;
    const how = file.canonicalUrl === null ? posted : {};

    const get = await app.inject({ url, ...how });
    check('status', get.statusCode, 200);
    check('bytes', get.rawPayload.equals(whole), true);
    check('length', get.headers['content-length'], String(whole.length));
    check('entity tag', get.headers.etag, etag);

    const digest = await app.inject({ url: `${url}${url.includes('?') ? '&' : '?'}digest=sha-256`, ...how });
    const { 'sha-256': sha256, bytes, etag: digested } = digest.json();
    check('digest', sha256, createHash('sha256').update(whole).digest('hex'));
    check('digested bytes', bytes, whole.length);
    check('digested entity tag', digested, etag);
    if (file.canonicalUrl === null) continue;

    const head = await app.inject({ method: 'HEAD', url });
    check('HEAD', head.rawPayload.length, 0);
    check('length in HEAD', head.headers['content-length'], String(whole.length));
    check('entity tag in HEAD', head.headers.etag, etag);

    const [a, b] = [numbers.next().value % whole.length, numbers.next().value % whole.length];
    const [first, last] = a < b ? [a, b] : [b, a];
    const part = await app.inject({ url, headers: { range: `bytes=${first}-${last}` } });
    check('status of a range', part.statusCode, 206);
    check('range', part.headers['content-range'], `bytes ${first}-${last}/${whole.length}`);
    check(`bytes ${first}-${last}`, part.rawPayload.equals(whole.subarray(first, last + 1)), true);
  }
  t.same(wrong, []);
  t.ok(files.length > 250, `${files.length} files`);
});

t.test('ranges of files that are streamed are those of the whole', async (t) => {
  const port = await listen(makeService(t, {}, { routes: registerRoutes }));
  const numbers = seeded(20260103, 256);
  const urls = [
    'rope.npz?head_dim=64&length=3000&start=100',
    'rope.safetensors?head_dim=96&length=5000&dtype=bf16&layout=packed&profile=exact',
    'alibi-bias.npy?num_heads=12&key_length=250&causal=true',
    't5-buckets.bin?query_length=600&key_length=700',
    'sinusoidal.bin?dim=511&length=1000&dtype=f64&variant=tensor2tensor',
  ];
  for (const name of urls) {
    const url = `http://127.0.0.1:${port}/v1/tables/${name}`;
    const get = async (range?: string) => {
      const response = await fetch(url, range === undefined ? {} : { headers: { range } });
      return { response, bytes: Buffer.from(await response.arrayBuffer()) };
    };
    // A range first: what the whole teaches (checksums) must not be needed.
    const early = await get('bytes=-70000');
    const { bytes: whole, response } = await get();
    t.equal(response.headers.get('content-length'), String(whole.length), name);
    t.equal(early.response.status, 206);
    t.ok(early.bytes.equals(whole.subarray(-70_000)), 'the last 70,000 bytes');
    for (let i = 0; i < 8; i++) {
      const [a, b] = [numbers.next().value % whole.length, numbers.next().value % whole.length];
      const [first, last] = a < b ? [a, b] : [b, a];
      const part = await get(`bytes=${first}-${last}`);
      t.equal(part.response.status, 206);
      t.ok(part.bytes.equals(whole.subarray(first, last + 1)), `bytes ${first}-${last}/${whole.length}`);
    }
  }
});
