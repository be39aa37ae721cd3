import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import fp from 'fastify-plugin';
import { registerRoutes } from '../routes/index.js';
import type { Config } from './config.js';
import type { AppContext } from './context.js';
import type { AnyEncoding } from './encodings/define.js';
import { encodings } from './encodings/index.js';
import { accessLog } from './http/access-log.js';
import { Admission } from './http/admission.js';
import { allowOrigins } from './http/cors.js';
import { beginRouted, Exchanges, followExchanges, type Observer } from './http/exchanges.js';
import { answerOptions, guardRequests } from './http/guard.js';
import { readJsonBodies } from './http/json-body.js';
import { Lifecycle } from './http/lifecycle.js';
import { makeMetrics } from './http/metrics.js';
import { answerExpectations, answerParserErrors } from './http/parser-errors.js';
import { answerProblems, sendProblem } from './http/problem.js';
import { requestIdOf } from './http/request-id.js';
import { cutStalledReaders } from './http/stall.js';
import { jsBackend, Kernels } from './kernels/index.js';
import { BlockPool, sharedBlock } from './kernels/pool.js';
import { type Limits, makeLimits } from './limits.js';
import { revision } from './revision.js';
import { Tables } from './tables.js';
import type { ThreadPool } from './threads/pool.js';
import { version } from './version.js';

export interface AppOptions {
  /** Who computes; TypeScript alone by default. */
  readonly kernels?: Kernels;
  /** Threads for large tables, ended with the app; without them the event loop computes everything. */
  readonly threads?: ThreadPool;
  /** The registry; tests add an encoding of their own. */
  readonly encodings?: readonly AnyEncoding[];
  /** Nothing is logged without one. */
  readonly logger?: FastifyBaseLogger;
  /** Is told of every request; logs a line by default, where there is a logger. */
  readonly observe?: Observer;
  /** The routes, under the base path; all of them by default. */
  readonly routes?: (app: FastifyInstance, context: AppContext) => void | Promise<void>;
}

/** A request is one line, and that line is ours; what Fastify says of broken responses stays. */
class QuietLog extends LogController {
  override incomingRequest(): void {}
  override requestCompleted(): void {}
  override routeNotFound(): void {}
  override defaultErrorLog(): void {}
  override streamError(): void {}
}

/** How often connections are looked at for time-outs: a tenth of the shortest, so that it is kept within 10 %. */
function checkingIntervalMs({ headersTimeoutMs, requestTimeoutMs }: Config): number {
  return Math.max(10, Math.min(headersTimeoutMs, requestTimeoutMs) / 10);
}

function makeServer(
  config: Config,
  limits: Limits,
  exchanges: Exchanges,
  logger: FastifyBaseLogger | undefined,
): FastifyInstance {
  const { requestTimeoutMs } = config;
  // Node refuses a head that may take longer than the whole.
  const headersTimeoutMs = Math.min(config.headersTimeoutMs, requestTimeoutMs);
  const timeouts = { requestTimeout: requestTimeoutMs, headersTimeout: headersTimeoutMs };
  return Fastify({
    ...(logger && { loggerInstance: logger }),
    logController: new QuietLog(),
    // A child logger a request costs as much as routing; our lines carry the request id themselves.
    childLoggerFactory: (parent) => parent,
    genReqId: (request) => requestIdOf(request.headers),
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
    http: {
      ...timeouts,
      maxHeaderSize: limits.header_bytes,
      // Node would answer without a body; the guard answers a problem document.
      requireHostHeader: false,
      connectionsCheckingInterval: checkingIntervalMs(config),
    },
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: config.keepAliveTimeoutMs,
    bodyLimit: limits.body_bytes,
    // A segment that is too long is simply an id that does not exist.
    routerOptions: { maxParamLength: limits.url_bytes },
    // Requests that come while the app closes meet the guard, whose 503 is a problem document.
    return503OnClosing: false,
    // A URL that cannot be read meets no hook.
    frameworkErrors: (error, request, reply) => {
      const exchange = beginRouted(exchanges, request, reply);
      reply.raw.once('finish', () => exchanges.end(exchange, false));
      sendProblem(error, request, reply);
    },
  });
}

/** What is in use at this moment: all of it goes back to 0 when nobody asks for anything, but the threads stay. */
function showUse({ metrics, exchanges, admission, pool, threads }: AppContext): void {
  metrics.gauge(
    'posenc_http_requests_running',
    'Requests whose answer has not been sent to its end, that of this scrape among them.',
    () => exchanges.running,
  );
  metrics.gauge('posenc_streams', 'Tables that are being computed.', () => admission.state.streams);
  metrics.gauge('posenc_streams_queued', 'Tables that wait to be computed.', () => admission.state.queued);
  metrics.gauge(
    'posenc_elements_in_flight',
    'Elements still to be computed for the tables under way.',
    () => admission.state.elements,
  );
  metrics.gauge(
    'posenc_bytes_in_flight',
    'Bytes still to be sent for the tables under way.',
    () => admission.state.bytes,
  );
  metrics.gauge('posenc_pool_blocks_leased', 'Blocks of the pool that answers hold.', () => pool.leased);
  if (!threads) return;
  metrics.gauge('posenc_threads', 'Threads that compute tables.', () => threads.workers.length);
  metrics.gauge(
    'posenc_thread_jobs',
    'Blocks that threads compute, or that wait for one.',
    () => threads.pending,
  );
}

/**
 * Wires the service together; the only place where that happens. Nothing listens yet.
 * The order of the hooks is the order of the answers: request id, OPTIONS, CORS, refusals, route.
 */
export function buildApp(config: Config, options: AppOptions = {}): FastifyInstance {
  const limits = makeLimits(config);
  const lifecycle = new Lifecycle();
  const metrics = makeMetrics({ version, revision });
  const observers: Observer[] = [];
  const exchanges = new Exchanges(observers);
  const kernels = options.kernels ?? new Kernels([jsBackend], []);
  const engine = kernels.backend('wasm')?.engine;
  const context: AppContext = {
    config,
    limits,
    metrics,
    lifecycle,
    exchanges,
    encodings: options.encodings ?? encodings,
    kernels,
    tables: new Tables(kernels, limits, config.backend === 'gpu'),
    pool: new BlockPool(
      limits.block_bytes,
      limits.pool_blocks,
      Math.min(limits.streams, limits.pool_blocks / 2),
      engine ? (bytes) => engine.block(bytes) : sharedBlock,
    ),
    admission: new Admission(limits),
    threads: options.threads ?? null,
    version,
    revision,
  };

  const app = makeServer(config, limits, exchanges, options.logger);
  app.decorate('context', context);
  if (config.metrics) observers.push(metrics.observe);
  if (options.observe) observers.push(options.observe);
  else if (options.logger) observers.push(accessLog(options.logger));
  showUse(context);

  // Schemas document; parameters are parsed by the encodings and bodies are printed by the formats.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));

  followExchanges(app, exchanges);
  cutStalledReaders(app, exchanges, config.stallTimeoutMs);
  answerParserErrors(app, exchanges, limits.url_bytes, metrics.unreadable);
  answerExpectations(app, limits.body_bytes);
  answerOptions(app, config.corsOrigins.length > 0);
  if (config.corsOrigins.length > 0) allowOrigins(app, config.corsOrigins);
  // A plugin, so that its hooks stand after those of CORS.
  app.register(fp(async (edge) => guardRequests(edge, lifecycle, limits.url_bytes)));
  answerProblems(app);
  readJsonBodies(app, limits.json_depth);

  app.addHook('onClose', async () => {
    await options.threads?.close();
  });
  const routes = options.routes ?? registerRoutes;
  app.register(async (scope) => routes(scope, context), { prefix: config.basePath });
  return app;
}
