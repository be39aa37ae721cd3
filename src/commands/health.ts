import { loadConfig } from '../config.js';
import { type Command, UsageError } from './usage.js';

/** A probe that takes longer than this has failed. */
const timeoutMs = 3000;

export const healthCommand: Command = {
  name: 'health',
  usage: 'posenc health',
  summary: 'Ask a running service whether it is ready; exit code 0 or 1.',
  async run(argv) {
    const { config, rest } = loadConfig(process.env, argv);
    if (rest.length > 0) throw new UsageError(`health takes flags only, not ${rest.join(' ')}`);
    const any = config.host === '0.0.0.0' || config.host === '::';
    const host = any ? '127.0.0.1' : config.host.includes(':') ? `[${config.host}]` : config.host;
    const url = `http://${host}:${config.port}${config.basePath}/readyz`;
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
      await response.arrayBuffer();
      if (response.ok) return 0;
      console.error(`posenc health: ${url} answered ${response.status}`);
    } catch (error) {
      console.error(
        `posenc health: ${url} did not answer: ${error instanceof Error ? error.message : error}`,
      );
    }
    return 1;
  },
};
