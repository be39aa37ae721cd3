import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { AppContext } from '../src/context.js';
import { makeDocument, sendDocument } from '../src/http/document.js';
import { documentSchema } from '../src/http/openapi-operation.js';
import { backendChoices } from '../src/kernels/define.js';

const selfTest = z
  .object({
    table: z.string(),
    kind: z.enum(['elements', 'reals', 'phase', 'slope-distance', 'bucket']).describe('Kind of kernel.'),
    dtype: z.enum(['f64', 'f32', 'f16', 'bf16', 'c64', 'i64', 'i32', 'bool']),
    elements: z.int().min(0).describe('Elements compared with those of the reference kernel.'),
    differing: z.int().min(0).describe('Elements whose bytes differ from the reference bytes.'),
    max_error: z.number().nullable().describe('Largest difference; null where a value is not finite.'),
    max_ulp: z
      .number()
      .nullable()
      .describe(
        'The same in units in the last place of the dtype, of integers in ones; large next to a zero of cos or sin. null where a value is no number.',
      ),
    allowed_error: z
      .number()
      .describe('Largest difference that passes; 0 where every byte must be that of the reference.'),
    gb_per_s: z.number().describe('Speed measured at start-up.'),
  })
  .meta({ id: 'SelfTest' });

const modeFields = {
  mode: z
    .string()
    .nullable()
    .describe('Which way to have it, such as a mode of gpu.js; null where there is one.'),
  device: z.string().nullable().describe('What computes.'),
  renderer: z
    .object({
      name: z.string().nullable().describe('As the driver tells it.'),
      software: z.boolean().describe('A processor in disguise; never chosen by itself.'),
    })
    .nullable()
    .describe('What a driver runs kernels on; null where none is asked or found.'),
  state: z
    .enum(['offered', 'unused', 'unavailable'])
    .describe(
      '`offered` can be asked for; `auto` takes it where its bytes are the reference bytes. `unused` may work, but another mode is taken.',
    ),
  reason: z.string().nullable().describe('Why it is not offered, or not used for everything.'),
  bound: z.string().nullable().describe('What its output is worth.'),
  self_test: z.array(selfTest).describe('Empty where it was not measured: `posenc bench --backends` does.'),
};

const mode = z.object(modeFields).meta({ id: 'BackendMode' });

const backend = z
  .object({
    name: z.enum(['js', 'wasm', 'gpu']),
    ...modeFields,
    other_modes: z.array(mode).describe('The ways to have it that are not taken, and why.'),
  })
  .meta({ id: 'Backend' });

const schema = documentSchema({
  operationId: 'listBackends',
  tag: 'catalogue',
  summary: 'The kernel backends',
  description: 'Which backends exist, what their self-test measured, and why one is not used.',
  body: z
    .object({
      revision: z.string().describe('Kernel revision.'),
      default: z.enum(backendChoices).describe('What computes where a request does not say.'),
      backends: z.array(backend),
    })
    .meta({ id: 'BackendList' }),
  examples: [{ title: 'The backends', path: '/v1/backends' }],
});

/** The kernel backends of this process. */
export function backendsRoutes(app: FastifyInstance, { config, kernels, revision }: AppContext): void {
  // The self-test's figures belong to this process: the next one has others.
  const cacheControl = 'no-cache';
  const document = makeDocument(
    { revision, default: config.backend, backends: kernels.reports },
    { cacheControl },
  );
  app.get('/v1/backends', { schema }, (request, reply) => sendDocument(request, reply, document));
}
