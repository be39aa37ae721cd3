import t from 'tap';
import { goldenFile } from '../../../support/golden.js';
import { readSafetensors } from '../../../support/safetensors.js';
import { type LawParams, lawCase } from './law-case.js';

/** Frequencies and attention factor of a case in the `transformers` profile. */
function framework(params: LawParams) {
  const { law, own, basics, errors } = lawCase(params);
  if (errors.length > 0 || !law.transformers) throw new Error(`${law.name}: ${JSON.stringify(errors)}`);
  return law.transformers(own, basics);
}

/** Float32 values as their bit patterns, big-endian hexadecimal. */
function hex(values: Float32Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).swap32().toString('hex');
}

/** Entries of eight digits that differ. */
function differing(a: string, b: string): number {
  let count = Math.abs(a.length - b.length) / 8;
  for (let i = 0; i < Math.min(a.length, b.length); i += 8) {
    if (a.slice(i, i + 8) !== b.slice(i, i + 8)) count++;
  }
  return count;
}

t.test('inv_freq of every golden rope case has the bits of transformers', async (t) => {
  const manifest: {
    cases: readonly {
      id: string;
      encoding: string;
      file: string;
      params: LawParams & { positions: unknown };
      tensors: { readonly inv_freq?: string; readonly attention_factor?: string };
    }[];
  } = JSON.parse(goldenFile('manifest.json').toString());
  const tensors = readSafetensors(goldenFile('rope.safetensors'));
  const cases = manifest.cases.filter(({ encoding }) => encoding === 'rope');
  let entries = 0;
  for (const { id, params, tensors: keys } of cases) {
    const { positions: _, ...law } = params;
    const got = framework(law);
    const want = tensors.get(keys.inv_freq ?? '');
    const attention = tensors.get(keys.attention_factor ?? '');
    if (!want || !attention) throw new Error(`${id} lacks a tensor`);
    const wanted = Buffer.from(want.bytes).swap32().toString('hex');
    t.equal(differing(hex(got.inv_freq), wanted), 0, `${id}: inv_freq`);
    t.equal(got.attention_factor, attention.bytes.readDoubleLE(0), `${id}: attention_factor`);
    entries += want.bytes.length / 4;
  }
  t.equal(cases.length, 16, 'cases compared');
  t.equal(entries, 856, 'entries compared');
});

t.test('every law has the bits of transformers under edge-case parameters', async (t) => {
  const { cases }: { cases: readonly { params: LawParams; inv_freq: string; attention_factor: number }[] } =
    JSON.parse(goldenFile('rope_laws.json').toString());
  let entries = 0;
  for (const { params, inv_freq, attention_factor } of cases) {
    const got = framework(params);
    const { short_factor: _short, long_factor: _long, ...shown } = params;
    t.equal(differing(hex(got.inv_freq), inv_freq), 0, JSON.stringify(shown));
    t.equal(got.attention_factor, attention_factor, 'attention_factor');
    entries += inv_freq.length / 8;
  }
  t.equal(cases.length, 76, 'cases compared');
  t.equal(entries, 3797, 'entries compared');
});
