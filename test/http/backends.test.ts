import { createHash } from 'node:crypto';
import t from 'tap';
import { z } from 'zod';
import { registerRoutes } from '../../routes/index.js';
import { type AnyEncoding, defineEncoding } from '../../src/encodings/define.js';
import { encodings } from '../../src/encodings/index.js';
import type { Backend } from '../../src/kernels/define.js';
import { startGpu } from '../../src/kernels/gpu/index.js';
import { phaseError } from '../../src/kernels/gpu/phase.js';
import { jsBackend, type Kernels } from '../../src/kernels/index.js';
import { startKernels } from '../../src/kernels/start.js';
import { revision } from '../../src/revision.js';
import { planTable } from '../../src/table.js';
import { dtypes } from '../../src/tensor/dtype.js';
import { limits } from '../support/tables.js';
import { makeService } from './service.js';

type App = ReturnType<typeof makeService>;
type Owner = Parameters<typeof makeService>[0];

/** gpu.js as it is everywhere, without hardware; one mode whose renderer is none. */
const real = await startKernels(
  { backend: 'auto' },
  {
    gpu: [
      {
        mode: 'webgpu',
        probe: async () => ({ name: 'llvmpipe', software: true }),
        start: () => Promise.reject(new Error('it was started')),
      },
      { mode: 'webasm', start: () => startGpu('webasm') },
    ],
  },
);
/** A backend that is wrong in one bit of one bucket. */
const liar: Backend = {
  ...jsBackend,
  name: 'gpu',
  device: 'a lying stub',
  bound: 'the reference bytes, it says',
  prepare: (rows, spec) => {
    const honest = jsBackend.prepare(rows, spec)!;
    return {
      fill(first, count, out) {
        honest.fill(first, count, out);
        if (rows.kind === 'bucket' && first === 0) out[8] = out[8]! ^ 1;
      },
    };
  },
};
const lying = await startKernels(
  { backend: 'auto' },
  { wasm: [], gpu: [{ mode: 'stub', start: async () => liar }] },
);

function service(
  t: Owner,
  {
    kernels = real,
    env = {},
    extra = [] as AnyEncoding[],
  }: Partial<{ kernels: Kernels; env: Record<string, string>; extra: AnyEncoding[] }> = {},
): App {
  return makeService(t, env, { routes: registerRoutes, kernels, encodings: [...encodings, ...extra] });
}

const rope = '/v1/tables/rope.bin?head_dim=32&length=600&tensors=cos';
const buckets = '/v1/tables/t5-buckets.bin?query_length=40&key_length=50';
const bias = '/v1/tables/alibi-bias.bin?num_heads=12&key_length=30&variant=bloom&causal=true&dtype=bf16';

function floats(body: Buffer): Float32Array {
  return new Float32Array(new Uint8Array(body).buffer);
}

t.test('the backends are told with what their self-test measured, and are not cached', async (t) => {
  const app = service(t);
  const answer = await app.inject('/v1/backends');
  t.equal(answer.statusCode, 200);
  t.equal(answer.headers['cache-control'], 'no-cache');
  const body = answer.json();
  t.match(body, { revision, default: 'auto' });
  const [js, wasm, gpu] = body.backends;
  t.match(js, {
    name: 'js',
    device: 'TypeScript',
    state: 'offered',
    reason: null,
    bound: 'the reference bytes',
  });
  t.match(wasm, {
    name: 'wasm',
    device: 'WebAssembly SIMD',
    state: 'offered',
    reason: null,
    bound: 'the reference bytes',
  });
  t.match(gpu, {
    name: 'gpu',
    device: 'gpu.js webasm',
    state: 'offered',
    reason: 'computes phase tables only when asked for, except as f16, bf16',
    bound: /within 6e-8/,
  });
  t.same(gpu.other_modes, [
    {
      mode: 'webgpu',
      device: null,
      renderer: { name: 'llvmpipe', software: true },
      state: 'unused',
      reason: 'the renderer is software, slower than gpu.js without it',
      bound: null,
      self_test: [],
    },
  ]);
  t.match([js.mode, wasm.mode, gpu.mode], [null, 'simd', 'webasm']);
  t.ok(phaseError <= 6e-8, 'the bound that is told is that of the kernel');
  for (const test of [...js.self_test, ...wasm.self_test, ...gpu.self_test]) {
    t.ok(
      test.elements > 0 && test.gb_per_s > 0 && test.max_error <= test.allowed_error,
      `${test.table} ${test.dtype}`,
    );
  }
  t.equal(
    (await service(t, { env: { POSENC_BACKEND: 'gpu' } }).inject('/v1/backends')).json().default,
    'gpu',
  );
});

t.test('a backend that lies by one bit is refused, its reason told', async (t) => {
  const app = service(t, { kernels: lying });
  const [, , gpu] = (await app.inject('/v1/backends')).json().backends;
  const reason = 'stub: 1 of 2100 elements of buckets as i64 are not the reference bytes';
  t.match(gpu, { name: 'gpu', device: null, state: 'unavailable', reason, self_test: [] });
  const [stub] = gpu.other_modes;
  t.match(stub, { mode: 'stub', device: 'a lying stub', state: 'unavailable' });
  t.match(
    stub.self_test.find(({ table }: { table: string }) => table === 'buckets'),
    { differing: 1, max_ulp: 1 },
  );

  for (const options of [
    { url: `${buckets}&backend=gpu` },
    {
      method: 'POST' as const,
      url: '/v1/tables/t5-buckets',
      payload: { query_length: 2, key_length: 2, backend: 'gpu' },
    },
  ]) {
    const answer = await app.inject(options);
    t.equal(answer.statusCode, 422);
    t.match(answer.json(), {
      code: 'invalid_parameters',
      errors: [{ pointer: '#/backend', detail: `gpu is not offered: ${reason}` }],
    });
  }
  t.equal((await app.inject(buckets)).statusCode, 200, 'others compute');
});

t.test('bytes of its own are answered as such: not to be kept, not in ranges, the bound told', async (t) => {
  const app = service(t);
  const reference = await app.inject(rope);
  const own = await app.inject(`${rope}&backend=gpu`);
  t.equal(own.statusCode, 200);
  t.match(own.headers, {
    'cache-control': 'no-store',
    'accept-ranges': 'none',
    'content-length': '76800',
    'content-location': /&backend=gpu&revision=/,
    'x-posenc-backend': /^gpu\.js webasm; cos and sin in float32, within 6e-8 of /,
    etag: /^"[0-9a-f]{64}"$/,
  });
  t.not(own.headers.etag, reference.headers.etag);
  t.match(reference.headers, { 'cache-control': 'public, max-age=3600', 'accept-ranges': 'bytes' });
  t.equal(reference.headers['x-posenc-backend'], undefined);

  const [ours, theirs] = [floats(own.rawPayload), floats(reference.rawPayload)];
  t.equal(ours.length, 600 * 32);
  const worst = ours.reduce((largest, value, i) => Math.max(largest, Math.abs(value - theirs[i]!)), 0);
  t.ok(worst <= phaseError + 2 ** -25, `off by ${worst}`);
  t.ok(worst > 0, 'the bytes are its own');

  const ranged = await app.inject({ url: `${rope}&backend=gpu`, headers: { range: 'bytes=0-9' } });
  t.equal(ranged.statusCode, 200);
  t.equal(Buffer.compare(ranged.rawPayload, own.rawPayload), 0);
  t.equal((await app.inject({ url: rope, headers: { range: 'bytes=0-9' } })).statusCode, 206);
  const pinned = await app.inject(`${rope}&backend=gpu&revision=${revision}`);
  t.equal(pinned.headers['cache-control'], 'no-store', 'whatever the URL pins');

  const head = await app.inject({ method: 'HEAD', url: `${rope}&backend=gpu` });
  const { date: _, 'server-timing': __, 'x-request-id': ___, ...same } = own.headers;
  t.match(head.headers, same);
  const known = { url: `${rope}&backend=gpu`, headers: { 'if-none-match': String(own.headers.etag) } };
  t.match(await app.inject(known), { statusCode: 304, headers: { 'cache-control': 'no-store' } });

  const digest = await app.inject(`${rope}&backend=gpu&digest=sha-256`);
  t.equal(digest.headers['cache-control'], 'no-store');
  t.match(digest.json(), {
    'sha-256': createHash('sha256').update(own.rawPayload).digest('hex'),
    etag: own.headers.etag,
  });
});

t.test('JSON with bytes of its own says so in place of the guarantee, and can be posted back', async (t) => {
  const app = service(t);
  const url = '/v1/tables/rope?head_dim=4&length=3';
  const own = await app.inject(`${url}&backend=gpu`);
  t.equal(own.headers['cache-control'], 'no-store');
  const body = own.json();
  t.match(body, {
    params: { head_dim: 4, backend: 'gpu' },
    meta: { title: 'Rotary position embedding', backend: own.headers['x-posenc-backend'] },
  });
  t.equal(body.meta.guarantee, undefined);
  const again = await app.inject({ method: 'POST', url: '/v1/tables/rope', payload: body.params });
  t.equal(again.body, own.body);
  t.equal(again.headers.etag, own.headers.etag);

  const reference = (await app.inject(url)).json();
  t.equal(reference.params.backend, undefined);
  t.equal(reference.meta.backend, undefined);
  t.type(reference.meta.guarantee, 'string');
});

t.test(
  'maps, biases and half precision of gpu.js are the reference bytes, with their entity tag, ranges and caching',
  async (t) => {
    const app = service(t);
    for (const url of [buckets, bias, `${rope}&dtype=bf16`, `${rope}&dtype=f16`]) {
      const ours = await app.inject(`${url}&backend=gpu`);
      const js = await app.inject(`${url}&backend=js`);
      t.equal(ours.statusCode, 200);
      t.match(ours.headers, {
        etag: js.headers.etag,
        'accept-ranges': 'bytes',
        'cache-control': 'public, max-age=3600',
      });
      t.equal(ours.headers['x-posenc-backend'], undefined);
    }
    // An app of its own for each, so that none is answered with the other's kept body.
    for (const url of [buckets, bias, `${rope}&dtype=bf16`, `${rope}&dtype=f16`]) {
      const [ours, js] = await Promise.all(
        ['gpu', 'js'].map((name) => service(t).inject(`${url}&backend=${name}`)),
      );
      t.equal(Buffer.compare(ours!.rawPayload, js!.rawPayload), 0, url);
    }
  },
);

t.test('WebAssembly gives the reference bytes under their entity tag, where it has a kernel', async (t) => {
  const app = service(t);
  for (const url of [rope, buckets, bias]) {
    const [wasm, js] = [
      await app.inject(`${url}&backend=wasm`),
      await service(t).inject(`${url}&backend=js`),
    ];
    t.equal(wasm.statusCode, 200);
    t.match(wasm.headers, { etag: js.headers.etag, 'cache-control': 'public, max-age=3600' });
    t.equal(wasm.headers['x-posenc-backend'], undefined);
    t.equal(Buffer.compare(wasm.rawPayload, js.rawPayload), 0, url);
  }
  const slopes = await app.inject('/v1/tables/alibi-slopes?num_heads=8&backend=wasm');
  t.match(slopes.json().errors, [{ pointer: '#/backend', detail: 'wasm has no kernel for slopes' }]);
  const without = await service(t, { kernels: lying }).inject(`${rope}&backend=wasm`);
  t.equal(without.statusCode, 422);
  t.match(without.json().errors, [{ pointer: '#/backend', detail: /^wasm is not offered/ }]);
});

t.test('what gpu.js has no kernel for is a wrong value of backend, told with the tensors', async (t) => {
  const app = service(t);
  for (const [url, names] of [
    ['/v1/tables/alibi-slopes?num_heads=8', 'slopes'],
    ['/v1/tables/rope-frequencies?head_dim=8&tensors=inv_freq,divisor', 'inv_freq, divisor'],
  ]) {
    const answer = await app.inject(`${url}&backend=gpu`);
    t.equal(answer.statusCode, 422);
    t.match(answer.json().errors, [{ pointer: '#/backend', detail: `gpu has no kernel for ${names}` }]);
    t.equal(answer.headers['x-posenc-backend'], undefined);
  }
});

t.test('what float32 does not reach is computed by TypeScript, within the same bound', async (t) => {
  const app = service(t);
  const far = '/v1/tables/rope.bin?head_dim=8&tensors=sin&positions=0,0.5,16777216';
  const [own, reference] = [await app.inject(`${far}&backend=gpu`), await app.inject(far)];
  t.equal(own.headers['cache-control'], 'no-store');
  t.equal(Buffer.compare(own.rawPayload, reference.rawPayload), 0);
});

t.test('an operator may force gpu.js for requests that leave it open', async (t) => {
  const forced = service(t, { env: { POSENC_BACKEND: 'gpu' } });
  const usual = service(t);
  const reference = await usual.inject(rope);
  const own = await usual.inject(`${rope}&backend=gpu`);
  const open = await forced.inject(rope);
  t.equal(open.headers['cache-control'], 'no-store');
  t.equal(open.headers.etag, own.headers.etag);
  t.equal(Buffer.compare(open.rawPayload, own.rawPayload), 0);
  for (const choice of ['auto', 'js']) {
    const said = await forced.inject(`${rope}&backend=${choice}`);
    t.equal(said.headers.etag, reference.headers.etag);
    t.equal(Buffer.compare(said.rawPayload, reference.rawPayload), 0);
  }
  const slopes = '/v1/tables/alibi-slopes?num_heads=8';
  t.equal((await forced.inject(slopes)).headers.etag, (await usual.inject(slopes)).headers.etag, 'no kernel');
  const without = service(t, { env: { POSENC_BACKEND: 'gpu' }, kernels: lying });
  t.equal((await without.inject(rope)).headers.etag, reference.headers.etag, 'gpu.js is not offered');
});

t.test('who computes is decided without a number', async (t) => {
  const phases: AnyEncoding = defineEncoding({
    id: 'phases-only',
    title: 'Phases only',
    summary: 'Its shape is known, its numbers are not.',
    status: { level: 'reconstructed', note: 'A test.' },
    references: [{ title: 'none', url: 'https://example.org/' }],
    params: z.object({ width: z.int().min(1).max(8).describe('Width.') }),
    window: 'integers',
    profiles: [{ name: 'exact', guarantee: 'None.' }],
    tensors: ({ params }) => [
      {
        name: 'table',
        shape: [4, params.width],
        kind: 'float',
        recipe: 'phase',
        rows: () => {
          throw new Error('a number was asked for');
        },
      },
    ],
    tensorDocs: [{ name: 'table', shape: ['N', 'w'], kind: 'float', description: 'A table.' }],
    examples: [{ title: 'Any', params: { width: 2, length: 4 } }],
  });
  const app = service(t, { extra: [phases] });
  const url = '/v1/tables/phases-only.bin?width=2&length=4&backend=gpu';
  const head = await app.inject({ method: 'HEAD', url });
  t.equal(head.statusCode, 200);
  t.match(head.headers, { 'cache-control': 'no-store', 'content-length': '32' });
  const known = await app.inject({ url, headers: { 'if-none-match': String(head.headers.etag) } });
  t.equal(known.statusCode, 304);
});

t.test('every tensor is made by the recipe that its plan names', async (t) => {
  let tensors = 0;
  for (const encoding of encodings) {
    for (const { params } of encoding.examples) {
      for (const { plan, spec } of planTable(encoding, { values: params, errors: [] }, limits).tensors) {
        t.equal(
          plan.rows().kind,
          plan.recipe ?? 'elements',
          `${encoding.id} ${spec.name} ${dtypes[spec.dtype].name}`,
        );
        tensors++;
      }
    }
  }
  t.ok(tensors > encodings.length);
});
