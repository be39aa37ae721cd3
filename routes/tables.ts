import { performance } from 'node:perf_hooks';
import type { FastifyInstance } from 'fastify';
import type { AppContext } from '../src/context.js';
import { PosencError } from '../src/errors.js';
import { answerEarly } from '../src/http/early.js';
import { TableAnswers } from './table-answers.js';
import { TableRequests } from './table-requests.js';
import { tableSchemas } from './table-schemas.js';

/** All table routes: a pair of paths an encoding, GET, HEAD and POST. */
export function registerTables(app: FastifyInstance, context: AppContext): void {
  const { encodings, limits, config, exchanges, lifecycle } = context;
  const requests = new TableRequests(context);
  const answers = new TableAnswers(context);
  for (const encoding of encodings) {
    const schemas = tableSchemas(encoding, limits);
    for (const named of [false, true]) {
      const url = `/v1/tables/${encoding.id}${named ? '.:ext' : ''}`;
      app.route({
        method: ['GET', 'HEAD'],
        url,
        schema: schemas.get(named),
        handler: (request, reply) => {
          const started = performance.now();
          return answers.answer(requests.ofUrl(encoding, request, reply), request, reply, started);
        },
      });
      app.route({
        method: 'POST',
        url,
        schema: schemas.post(named),
        handler: async (request, reply) => {
          const started = performance.now();
          return answers.answer(requests.ofBody(encoding, request, reply), request, reply, started);
        },
      });
    }
  }
  app.route({
    method: ['GET', 'HEAD', 'POST'],
    url: '/v1/tables/:name',
    schema: { hide: true },
    handler: (request) => {
      const { name } = request.params as { name: string };
      const known = encodings.map(({ id }) => id).join(', ');
      throw new PosencError(
        'unknown_encoding',
        `there is no encoding ${name.split('.')[0]}; there are ${known}`,
      );
    },
  });

  // CORS has a say in every answer.
  if (config.corsOrigins.length > 0) return;
  answerEarly(
    app,
    (url, headers) => {
      const known = requests.known(url, headers.accept);
      return known ? answers.ready(known, headers) : null;
    },
    { exchanges, lifecycle, behindProxies: config.trustedProxies.length > 0 },
  );
}
