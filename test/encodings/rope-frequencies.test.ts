import { createHash } from 'node:crypto';
import t from 'tap';
import { goldenFile } from '../support/golden.js';
import { compute, type Params } from '../support/tables.js';

interface Hashed {
  readonly title: string;
  readonly params: Params;
  /** First 16 hex digits of the SHA-256 of the float32 values. */
  readonly inv_freq: string;
  readonly attention_factor: number;
  /** The same of a bfloat16 table of 4096 positions, where torch's is that of the nearest float32. */
  readonly bf16?: string;
}

const { cases: hashed }: { cases: readonly Hashed[] } = JSON.parse(goldenFile('rope_hashes.json').toString());

function hash(...parts: readonly (Uint8Array | undefined)[]): string {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part ?? new Uint8Array());
  return sum.digest('hex').slice(0, 16);
}

function values(params: Params, name: string): Float64Array {
  const found = compute('rope-frequencies', params).get(name);
  if (found?.spec.dtype !== 'f64') throw new Error(`${name} is not f64`);
  return new Float64Array(found.bytes.buffer);
}

t.test('inv_freq and attention_factor of known models have the hashes of transformers', async (t) => {
  for (const { title, params, inv_freq, attention_factor } of hashed) {
    const table = compute('rope-frequencies', params);
    t.equal(hash(table.get('inv_freq')?.bytes), inv_freq, title);
    t.equal(values(params, 'attention_factor')[0], attention_factor, `${title}: attention_factor`);
  }
  t.equal(hashed.length, 27, 'models compared');
});

t.test('bfloat16 tables of known models have the hashes of transformers', async (t) => {
  const narrow = hashed.filter(({ bf16 }) => bf16 !== undefined);
  for (const { title, params, bf16 } of narrow) {
    const table = compute('rope', { ...params, length: 4096, layout: 'compact', dtype: 'bf16' });
    t.equal(hash(table.get('cos')?.bytes, table.get('sin')?.bytes), bf16, title);
  }
  t.equal(narrow.length, 17, 'models compared');
});

t.test(
  'wavelength is 2π over the float32 frequency in float64, whatever inv_freq is stored as',
  async (t) => {
    const base = { head_dim: 64, tensors: ['inv_freq'] };
    const frequencies = compute('rope-frequencies', { ...base, dtype: 'f64' }).get('inv_freq');
    const inverses = new Float64Array(frequencies?.bytes.buffer ?? new ArrayBuffer(0));
    t.equal(inverses.length, 32);
    for (const dtype of ['f64', 'f32', 'f16', 'bf16'])
      t.same(
        [...values({ head_dim: 64, dtype }, 'wavelength')],
        Array.from(inverses, (w) => (2 * Math.PI) / w),
        dtype,
      );
    for (const profile of ['transformers', 'exact']) {
      t.equal(values({ head_dim: 64, profile }, 'wavelength')[0], 2 * Math.PI, `${profile}: the first is 2π`);
    }
  },
);

t.test('a frequency of 0 has wavelength and divisor Infinity in both profiles', async (t) => {
  const params = { head_dim: 16, rope_type: 'proportional', partial_rotary_factor: 0.5 };
  for (const profile of ['transformers', 'exact']) {
    const infinite = [false, false, false, false, true, true, true, true];
    for (const name of ['wavelength', 'divisor']) {
      const got = [...values({ ...params, profile }, name)].map((x) => x === Number.POSITIVE_INFINITY);
      t.same(got, infinite, `${profile} ${name}`);
    }
  }
});

t.test('divisor is the unscaled frequency over the scaled one', async (t) => {
  const linear = { head_dim: 64, rope_type: 'linear', factor: 8 };
  for (const profile of ['transformers', 'exact'])
    t.same([...values({ ...linear, profile }, 'divisor')], Array(32).fill(8), profile);
  const partial = { head_dim: 80, partial_rotary_factor: 0.4, rope_type: 'linear', factor: 2 };
  t.same([...values(partial, 'divisor')], Array(16).fill(2), 'over the rotary width');
});

t.test('softmax_scale_multiplier is (0.1 · mscale_all_dim · ln factor + 1)², and 1 without it', async (t) => {
  const yarn = { head_dim: 64, rope_type: 'yarn', factor: 40, original_max_position_embeddings: 4096 };
  const known = 0.1 * 3.6888794541139363 + 1; // ln 40 as Python's math.log has it
  t.equal(values({ ...yarn, mscale_all_dim: 1 }, 'softmax_scale_multiplier')[0], known * known);
  t.equal(values(yarn, 'softmax_scale_multiplier')[0], 1);
  t.equal(values({ head_dim: 64 }, 'softmax_scale_multiplier')[0], 1);
});

t.test('correction_range and ramp exist for yarn alone, and say where it interpolates', async (t) => {
  const deepseek = { head_dim: 64, rope_type: 'yarn', factor: 40, original_max_position_embeddings: 4096 };
  for (const profile of ['transformers', 'exact']) {
    t.same([...values({ ...deepseek, profile }, 'correction_range')], [10, 23], profile);
    const ramp = values({ ...deepseek, profile }, 'ramp');
    t.same(
      [...ramp.subarray(0, 11), ...ramp.subarray(23)],
      [...Array(11).fill(0), ...Array(9).fill(1)],
      profile,
    );
  }
  t.same(
    [...values({ ...deepseek, ramp: 'rotations' }, 'correction_range')],
    [1, 32],
    'ramp rotations: beta_slow and beta_fast',
  );
  t.notOk(compute('rope-frequencies', { head_dim: 64 }).has('ramp'));
  t.throws(() => compute('rope-frequencies', { head_dim: 64, tensors: ['ramp'] }), {
    code: 'invalid_parameters',
  });
});
