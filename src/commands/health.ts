import { loadConfig, settings } from '../config.js';
import { sendTo } from './output.js';
import { settingHelp } from './serve.js';
import { type Command, describeFlags, UsageError } from './usage.js';

/** A probe that takes longer than this has failed. */
const timeoutMs = 3000;

/** The settings of `serve` that say where the service is. */
const place = new Set(['host', 'port', 'basePath']);

export const healthCommand: Command = {
  name: 'health',
  usage: 'posenc health [--port 8080] [--host 127.0.0.1] [--base-path /posenc]',
  summary: 'Ask a running service whether it is ready; exit code 0 or 1.',
  help: () => describeFlags(settings.filter(({ key }) => place.has(key)).map(settingHelp)),
  async run(argv, { env, stderr }) {
    const { config, rest } = loadConfig(env, argv);
    if (rest[0] !== undefined) throw new UsageError(`${rest[0]}: is no flag`);
    const any = config.host === '0.0.0.0' || config.host === '::';
    const host = any ? '127.0.0.1' : config.host.includes(':') ? `[${config.host}]` : config.host;
    const url = `http://${host}:${config.port}${config.basePath}/readyz`;
    const trouble = await ask(url);
    if (trouble === null) return 0;
    await sendTo(stderr)(`posenc health: ${url} ${trouble}\n`);
    return 1;
  },
};

/** null where the service is ready, else what it did instead. */
async function ask(url: string): Promise<string | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    await response.arrayBuffer();
    return response.ok ? null : `answered ${response.status}`;
  } catch (error) {
    return `did not answer: ${reasonOf(error)}`;
  }
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
