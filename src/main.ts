import { lookup } from 'node:dns/promises';
import { availableParallelism } from 'node:os';
import { buildApp } from './app.js';
import type { Config } from './config.js';
import type { AnyEncoding } from './encodings/define.js';
import { drain, stopOnSignals } from './http/drain.js';
import { makeLog } from './http/logger.js';
import { startKernels } from './kernels/start.js';
import { ThreadPool } from './threads/pool.js';

/** `localhost` is two addresses; listening on the first keeps it one server. */
async function addressOf(host: string): Promise<string> {
  return host === 'localhost' ? (await lookup(host)).address : host;
}

/** Where a client on this machine finds the service. */
function localUrl(host: string, port: number, basePath: string): string {
  const name =
    host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}${basePath}`;
}

/** More threads than this wait for memory. */
const autoThreads = 8;

function threadCount({ threads }: Config): number {
  return threads === 'auto' ? Math.min(availableParallelism(), autoThreads) : Number(threads);
}

/**
 * Runs the service until a signal ends it: configuration, app, port, signals.
 * Three URLs to try are printed as plain lines where the log is for people, and stand in its first line elsewhere.
 */
export async function serve(config: Config, encodings: readonly AnyEncoding[]): Promise<void> {
  const log = makeLog(config, process.stdout.isTTY === true);
  const { logger, observe } = log;
  const kernels = await startKernels({
    backend: config.backend,
    onFailure: ({ device }, reason) =>
      logger.error({ device, reason }, 'a backend failed, TypeScript computes'),
  });
  if (config.backend !== 'auto' && !kernels.backend(config.backend)) {
    const reason = kernels.whyNot(config.backend);
    logger.warn({ backend: config.backend, reason }, 'the backend is not offered, others compute');
  }
  const threads = new ThreadPool(threadCount(config), {
    engine: kernels.backend('wasm')?.engine,
    onDeath: (reason) => logger.error({ reason }, 'a computing thread died and is replaced'),
  });
  const app = buildApp(config, { logger, observe, kernels, encodings, threads });

  const { port: asked, basePath } = config;
  await app.listen({
    host: await addressOf(config.host),
    port: asked,
    listenTextResolver: () => 'listening',
  });
  const address = app.server.address();
  const url = localUrl(config.host, typeof address === 'object' && address ? address.port : asked, basePath);
  const urls = [
    `${url}/v1/tables/rope.npy?head_dim=128&rope_theta=500000&length=8192&tensors=cos`,
    `${url}/v1/tables/alibi-slopes?num_heads=32`,
    config.docs ? `${url}/docs` : `${url}/v1/encodings`,
  ];
  if (log.pretty)
    process.stdout.write(`\nposenc is up. Try:\n${urls.map((line) => `  ${line}\n`).join('')}\n`);
  else logger.info({ url, try: urls }, 'posenc is up');

  stopOnSignals(async (signal) => {
    logger.info({ signal }, 'stopping');
    const cut = await drain(app, app.context.exchanges, app.context.lifecycle, {
      graceMs: config.drainGraceMs,
      deadlineMs: config.drainDeadlineMs,
    });
    if (cut > 0) logger.warn({ cut }, 'responses were cut at the deadline');
    logger.info('stopped');
    log.flush();
  });
}
