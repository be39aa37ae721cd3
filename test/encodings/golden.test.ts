import { readdirSync } from 'node:fs';
import t from 'tap';
import { z } from 'zod';
import { encodings } from '../../src/encodings/index.js';
import type { FloatDType } from '../../src/tensor/dtype.js';
import { goldenFile, goldenFolder } from '../support/golden.js';
import { type GoldenCase, goldenCases, goldenManifest } from '../support/golden-cases.js';
import { readSafetensors } from '../support/safetensors.js';
import { compareColumns, ulp } from '../support/sinusoidal-columns.js';
import { compute, type Params, tensor } from '../support/tables.js';
import { compare } from '../support/ulps.js';

/** What was compared and what failed the rule of its tensor. */
interface Verdict {
  readonly elements: number;
  readonly failing: number;
}

type Rule = (golden: GoldenCase, name: string) => Verdict;

function same(ours: Uint8Array, want: Uint8Array, bytesPerElement: number): Verdict {
  if (ours.length !== want.length) throw new Error(`${ours.length} and ${want.length} bytes`);
  let failing = 0;
  for (let at = 0; at < want.length; at += bytesPerElement) {
    if (
      Buffer.compare(ours.subarray(at, at + bytesPerElement), want.subarray(at, at + bytesPerElement)) !== 0
    )
      failing++;
  }
  return { elements: want.length / bytesPerElement, failing };
}

function within(ours: Uint8Array, want: Uint8Array, dtype: FloatDType, ulps: number): Verdict {
  const { elements, maxUlp } = compare(ours, want, dtype);
  return { elements, failing: maxUlp > ulps ? elements : 0 };
}

/** The tensor of rope, in a dtype whose golden tensor carries it as a suffix. */
const rotary =
  (dtype: FloatDType, suffix: string): Rule =>
  ({ params, tensor: golden }, name) => {
    const ours = tensor('rope', { ...params, dtype }, name.slice(0, 3)).bytes;
    const want = golden(`${name.slice(0, 3)}${suffix}`).bytes;
    if (dtype !== 'f32') return same(ours, want, 2);
    // The factor multiplies torch's own ulp.
    return within(ours, want, dtype, golden('attention_factor').bytes.readDoubleLE(0) === 1 ? 1 : 2);
  };

const frequencies =
  (bytesPerElement: number): Rule =>
  ({ params: { positions: _, ...params }, tensor: golden }, name) =>
    same(tensor('rope-frequencies', params, name).bytes, golden(name).bytes, bytesPerElement);

/** How each golden tensor is compared. `null`: the encoding does not exist yet, and neither may its rule. */
const rules: Readonly<Record<string, Readonly<Record<string, Rule>> | null>> = {
  rope: {
    inv_freq: frequencies(4),
    attention_factor: frequencies(8),
    cos: rotary('f32', ''),
    sin: rotary('f32', ''),
    cos_f16: rotary('f16', '_f16'),
    sin_f16: rotary('f16', '_f16'),
    cos_bf16: rotary('bf16', '_bf16'),
    sin_bf16: rotary('bf16', '_bf16'),
  },
  'alibi-bias': {
    bias: ({ params, tensor: golden }) =>
      same(
        tensor('alibi-bias', params, 'bias').bytes,
        golden('bias').bytes,
        params.variant === 'falcon' ? 2 : 4,
      ),
  },
  't5-buckets': {
    buckets: ({ params, tensor: golden }) =>
      same(tensor('t5-buckets', { ...params, dtype: 'i32' }, 'buckets').bytes, golden('buckets').bytes, 4),
  },
  sinusoidal: {
    table: ({ params, tensor: golden }) => {
      const ours = tensor('sinusoidal', params, 'table').bytes;
      if (['vaswani', 'marian'].includes(String(params.variant)))
        return within(ours, golden('table').bytes, 'f32', 1);
      const columns = compareColumns(ours, golden('table'), Number(params.dim), String(params.variant));
      return {
        elements: columns.agreeing.elements + columns.apart.elements,
        failing: columns.agreeing.beyond + columns.apart.beyond,
      };
    },
  },
  'deberta-index': null,
  'sinusoidal-2d': null,
  'swin-index': null,
  'swin-v2-coords': null,
  mrope: null,
  'mrope-positions': null,
  xlnet: null,
};

t.test(
  'every golden case is of an encoding that has rules, unless the encoding does not exist',
  async (t) => {
    for (const id of new Set(goldenManifest.map(({ encoding }) => encoding))) {
      t.ok(id in rules, `${id} is known here`);
      t.equal(
        rules[id] !== null,
        encodings.some((encoding) => encoding.id === id),
        `${id} has rules if it exists`,
      );
    }
  },
);

t.test('every tensor of every golden case holds by the rule of its name', async (t) => {
  const counted: Record<string, { cases: number; elements: number; failing: number }> = {};
  for (const [encoding, ruled] of Object.entries(rules)) {
    if (!ruled) continue;
    const sum = { cases: 0, elements: 0, failing: 0 };
    for (const golden of goldenCases(encoding)) {
      t.same(
        golden.names.filter((name) => !(name in ruled)),
        [],
        `${golden.id} has no tensor without a rule`,
      );
      for (const name of golden.names) {
        const { elements, failing } = ruled[name]!(golden, name);
        if (failing > 0) t.fail(`${golden.id}: ${name} differs beyond its bound in ${failing} elements`);
        sum.elements += elements;
        sum.failing += failing;
      }
      sum.cases++;
    }
    counted[encoding] = sum;
  }
  t.same(counted, {
    rope: { cases: 16, elements: 144680, failing: 0 },
    'alibi-bias': { cases: 29, elements: 29469, failing: 0 },
    't5-buckets': { cases: 10, elements: 24010, failing: 0 },
    sinusoidal: { cases: 10, elements: 51840, failing: 0 },
  });
});

t.test('every tensor of every golden safetensors file belongs to a case', async (t) => {
  const files = readdirSync(goldenFolder).filter((name) => name.endsWith('.safetensors'));
  for (const file of files) {
    const used = goldenManifest
      .filter((golden) => golden.file === file)
      .flatMap(({ tensors }) => Object.values(tensors));
    t.same([...readSafetensors(goldenFile(file)).keys()].sort(), used.sort(), file);
  }
  const ruled = goldenManifest.filter(({ encoding }) => rules[encoding]).map(({ file }) => file);
  t.same(files.sort(), [...new Set(ruled)].sort(), 'the files of the encodings that exist');
});

const published = z.object({
  cases: z.array(z.object({ rope_theta: z.number(), dim: z.int(), inv_freq_bits: z.array(z.string()) })),
});

/** A float32 tensor's elements as eight hexadecimal digits each. */
function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).swap32().toString('hex');
}

t.test('inv_freq of the published (rope_theta, dim) pairs has the bits of torch', async (t) => {
  const { cases } = published.parse(JSON.parse(goldenFile('inv_freq_bits.json').toString()));
  let entries = 0;
  for (const { rope_theta, dim, inv_freq_bits } of cases) {
    const ours = tensor('rope-frequencies', { head_dim: dim, rope_theta }, 'inv_freq').bytes;
    t.equal(hex(ours), inv_freq_bits.join(''), `rope_theta ${rope_theta}, dim ${dim}`);
    entries += inv_freq_bits.length;
  }
  t.equal(cases.length, 48, 'pairs compared');
  t.equal(entries, 2760, 'entries compared');
});

const dictionary = z.record(z.string(), z.unknown());
const sweep = z.object({
  rows: z.array(
    z.object({
      model: z.string(),
      class: z.string(),
      config_path: z.string(),
      config: dictionary,
      inv_freq: z.record(z.string(), z.array(z.number())),
      attention_scaling: z.record(z.string(), z.number()),
      forward: z.string().optional(),
      positions: z.array(z.number()).optional(),
      rows: z.array(z.int()).optional(),
      cos: z.array(z.array(z.number())).optional(),
      sin: z.array(z.array(z.number())).optional(),
      samples: z.boolean(),
    }),
  ),
});
type Model = z.infer<typeof sweep>['rows'][number];

const lawParameters = [
  'rope_type',
  'rope_theta',
  'partial_rotary_factor',
  'factor',
  'original_max_position_embeddings',
  'beta_fast',
  'beta_slow',
  'mscale',
  'mscale_all_dim',
  'truncate',
];

/** The parameters of a rotary table from a model's own configuration; `layer` where layer types differ. */
function ropeOf({ config, inv_freq }: Model, layer: string): Params {
  const { rope_parameters, head_dim, qk_rope_head_dim, hidden_size, num_attention_heads } = config;
  const all = dictionary.parse(rope_parameters ?? {});
  const own = layer === '' ? all : dictionary.parse(all[layer]);
  const law = Object.fromEntries(
    lawParameters.filter((name) => name in own).map((name) => [name, own[name]]),
  );
  // Axial tables take the same frequencies for each axis; how wide an axis is belongs to another encoding.
  if (own.rope_type === 'axial')
    return { ...law, rope_type: 'default', head_dim: 2 * (inv_freq.inv_freq?.length ?? 0) };
  const width = Number(hidden_size) / Number(num_attention_heads);
  const whole = own.partial_rotary_factor !== undefined;
  const narrow = whole ? undefined : qk_rope_head_dim;
  return { ...law, head_dim: narrow ?? head_dim ?? width };
}

/** Where each frequency of a row of width w stands. */
function layoutOf({ model, cos }: Model, pairs: number): string {
  if (cos?.[0]?.length === pairs) return 'compact';
  return model.startsWith('cohere') ? 'interleaved' : 'half';
}

t.test('every rotary class of 55 model types has its inv_freq and samples of its cos and sin', async (t) => {
  const { rows } = sweep.parse(JSON.parse(goldenFile('model_sweep.json').toString()));
  let [tables, entries, sampled, samples, beyond] = [0, 0, 0, 0, 0];
  for (const model of rows) {
    for (const [buffer, want] of Object.entries(model.inv_freq)) {
      const layer = buffer.replace(/_?inv_freq$/, '');
      const title = `${model.class} ${layer}`;
      const params = ropeOf(model, layer);
      const bytes = tensor('rope-frequencies', params, 'inv_freq').bytes;
      t.same([...new Float32Array(bytes.buffer)], want, `${title}: inv_freq`);
      const factor = tensor('rope-frequencies', params, 'attention_factor').bytes;
      const scaling = model.attention_scaling[`${layer}${layer && '_'}attention_scaling`];
      t.equal(Buffer.from(factor).readDoubleLE(0), scaling, `${title}: attention_scaling`);
      tables++;
      entries += want.length;
      if (!model.samples || (layer && model.forward !== `per_layer:${layer}`)) continue;
      const positions = model.rows?.map((row) => model.positions?.[row]);
      const ours = compute('rope', { ...params, positions, layout: layoutOf(model, want.length) });
      for (const name of ['cos', 'sin'] as const) {
        const values = new Float32Array(ours.get(name)?.bytes.buffer ?? new ArrayBuffer(0));
        const decimals = model[name]?.flat() ?? [];
        t.equal(values.length, decimals.length, `${title}: elements of ${name}`);
        samples += decimals.length;
        // Seven decimals, and an ulp of torch's, times the factor.
        for (const [i, value] of values.entries())
          if (Math.abs(value - decimals[i]!) > 5.0000001e-8 + ulp(value) * (scaling === 1 ? 1 : 2)) beyond++;
      }
      sampled++;
    }
  }
  t.equal(rows.length, 60, 'classes');
  t.same(
    { tables, entries, sampled, samples, beyond },
    { tables: 64, entries: 3534, sampled: 51, samples: 72808, beyond: 0 },
  );
});
