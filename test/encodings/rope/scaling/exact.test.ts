import t from 'tap';
import { ntkBase } from '../../../../src/encodings/rope/scaling/ntk.js';
import type { Real } from '../../../../src/numerics/real.js';
import { goldenFile } from '../../../support/golden.js';
import { type LawParams, lawCase } from './law-case.js';

function exact(params: LawParams) {
  const { law, own, basics, errors } = lawCase(params);
  if (errors.length > 0) throw new Error(`${law.name}: ${JSON.stringify(errors)}`);
  return law.exact(own, basics);
}

/** The float64 bits of every value. */
function hex(values: readonly Real[]): string {
  const bytes = Buffer.alloc(8 * values.length);
  values.forEach((value, i) => {
    bytes.writeDoubleBE(value.toNumber(), 8 * i);
  });
  return bytes.toString('hex');
}

interface Golden {
  readonly params: LawParams;
  readonly inv_freq: string;
  readonly attention_factor: string;
  readonly correction_range?: readonly [string, string];
  readonly ramp?: string;
}

t.test('every law gives the correctly rounded float64 of its formula', async (t) => {
  const { cases }: { cases: readonly Golden[] } = JSON.parse(goldenFile('rope_laws_exact.json').toString());
  let entries = 0;
  for (const { params, inv_freq, attention_factor, correction_range, ramp } of cases) {
    const got = exact(params);
    const { short_factor: _short, long_factor: _long, ...shown } = params;
    t.equal(hex(got.inv_freq), inv_freq, JSON.stringify(shown));
    t.equal(hex([got.attention_factor]), attention_factor, 'attention_factor');
    t.equal(
      got.correction_range && hex(got.correction_range),
      correction_range?.join(''),
      'correction_range',
    );
    t.equal(got.ramp && hex(got.ramp), ramp, 'ramp');
    entries += inv_freq.length / 16;
  }
  t.equal(cases.length, 52, 'cases compared');
  t.equal(entries, 2063, 'entries compared');
});

interface Check {
  readonly params: LawParams;
  readonly inv_freq?: readonly number[];
  readonly base?: number;
  readonly attention_factor?: number;
  readonly correction_range?: readonly number[];
}

/** What the float64 scripts behind the check values can be trusted to. */
function agrees(value: number, check: number): boolean {
  return Math.abs(value - check) <= 1e-12 * Math.abs(check);
}

t.test('the published check values hold to 1e-12', async (t) => {
  const { cases }: { cases: readonly Check[] } = JSON.parse(goldenFile('rope_laws_checks.json').toString());
  let entries = 0;
  for (const { params, inv_freq, base, attention_factor, correction_range } of cases) {
    const got = exact(params);
    const values = got.inv_freq.map((frequency) => frequency.toNumber());
    if (inv_freq) {
      t.equal(values.length, inv_freq.length, `${params.rope_type}, width ${params.head_dim}`);
      t.equal(inv_freq.filter((check, i) => !agrees(values[i] ?? Number.NaN, check)).length, 0, 'inv_freq');
      entries += inv_freq.length;
    }
    if (base !== undefined) t.ok(agrees(ntkBase(10000, 8, params.head_dim).toNumber(), base), 'base');
    if (attention_factor !== undefined) {
      t.ok(agrees(got.attention_factor.toNumber(), attention_factor), 'attention_factor');
    }
    if (correction_range) {
      t.same(
        got.correction_range?.map((bound) => bound.toNumber()),
        correction_range,
        'correction_range',
      );
    }
  }
  t.equal(cases.length, 12, 'cases compared');
  t.equal(entries, 224, 'frequencies compared');
});
