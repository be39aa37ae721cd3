import { BlockList, isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { backendChoices } from './kernels/define.js';

/** What the documentation says of a setting beside its default. */
interface SettingDocs {
  readonly help: string;
  readonly type: string;
  readonly default: string;
}

const docs = z.registry<SettingDocs>();

/** A whole number, written in decimal digits and nothing else. */
function integer(fallback: number, min: number, max: number, help: string, multiple = 1) {
  const schema = z
    .string()
    .regex(/^(0|[1-9][0-9]{0,15})$/, 'must be a whole number in decimal digits')
    .transform(Number)
    .pipe(
      z
        .int()
        .min(min, `must be at least ${min}`)
        .max(max, `must be at most ${max}`)
        .multipleOf(multiple, `must be a multiple of ${multiple}`),
    )
    .prefault(String(fallback));
  const steps = multiple > 1 ? `, a multiple of ${multiple}` : '';
  docs.add(schema, { help, type: `whole number, ${min} to ${max}${steps}`, default: String(fallback) });
  return schema;
}

function toggle(fallback: boolean, help: string) {
  const text = fallback ? 'true' : 'false';
  const schema = z
    .stringbool({
      truthy: ['true', '1', 'yes', 'on'],
      falsy: ['false', '0', 'no', 'off'],
      error: 'must be true or false',
    })
    .prefault(text);
  docs.add(schema, { help, type: '`true` or `false`', default: text });
  return schema;
}

function choice<const T extends readonly [string, ...string[]]>(
  values: T,
  fallback: T[number],
  help: string,
) {
  const schema = z.enum(values, { error: `must be one of ${values.join(', ')}` }).prefault(fallback);
  docs.add(schema, { help, type: values.map((value) => `\`${value}\``).join(', '), default: fallback });
  return schema;
}

function text(fallback: string, pattern: RegExp, rule: string, type: string, help: string) {
  const schema = z.string().regex(pattern, rule).prefault(fallback);
  docs.add(schema, { help, type, default: fallback });
  return schema;
}

/** Comma-separated entries; the empty text is the empty list. */
function list(isEntry: (entry: string) => boolean, rule: string, type: string, help: string) {
  const schema = z
    .string()
    .transform((value) => (value.trim() === '' ? [] : value.split(',').map((entry) => entry.trim())))
    .pipe(z.array(z.string().refine(isEntry, rule)))
    .prefault('');
  docs.add(schema, { help, type, default: '' });
  return schema;
}

/** An address, or a network in CIDR notation. */
function isAddressOrNetwork(entry: string): boolean {
  const [address = '', bits, ...more] = entry.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  if (bits === undefined) return true;
  if (!/^(0|[1-9][0-9]{0,2})$/.test(bits)) return false;
  try {
    new BlockList().addSubnet(address, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
    return true;
  } catch {
    return false;
  }
}

/** What a browser sends as `Origin`, or `*`. */
function isOrigin(entry: string): boolean {
  if (entry === '*') return true;
  if (!URL.canParse(entry)) return false;
  const url = new URL(entry);
  return (url.protocol === 'http:' || url.protocol === 'https:') && url.origin === entry;
}

const oneHour = 3_600_000;

/**
 * Every setting, in the order of the documentation. From this object follow the environment variables
 * (`HOST`, `PORT`, `LOG_LEVEL`, else `POSENC_` and the name), the flags and docs/configuration.md.
 * Input is text in all cases: that is what both carry.
 */
export const configSchema = z.strictObject({
  host: text(
    '127.0.0.1',
    /^[A-Za-z0-9._:%-]+$/,
    'must be an address or a host name',
    'address or host name',
    'Address to listen on; `0.0.0.0` for all of IPv4, `::` for all.',
  ),
  port: integer(8080, 0, 65_535, 'Port to listen on; 0 takes a free one.'),
  logLevel: choice(
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    'info',
    'Least severe level that is logged. A request is one line at `info`.',
  ),
  logFormat: choice(
    ['auto', 'json', 'pretty'],
    'auto',
    'Form of the log; `auto` is pretty on a terminal, JSON elsewhere.',
  ),
  basePath: text(
    '',
    /^(\/[A-Za-z0-9._~-]+)*$/,
    'must be empty or begin with a slash and end without one, as in /posenc',
    'path',
    'Path under which every route stands, as a gateway sees it.',
  ),
  trustedProxies: list(
    isAddressOrNetwork,
    'must be an address or a network in CIDR notation',
    'comma-separated addresses or networks',
    'Proxies whose X-Forwarded-* headers count; from all others they are ignored.',
  ),
  corsOrigins: list(
    isOrigin,
    'must be an origin such as https://example.org, or *',
    'comma-separated origins, or `*`',
    'Origins whose pages may read responses; CORS is off while this is empty.',
  ),
  metrics: toggle(true, 'Whether `GET /metrics` answers.'),
  docs: toggle(true, 'Whether `GET /docs` answers.'),
  backend: choice(
    backendChoices,
    'auto',
    'Who computes tables where a request does not say; `gpu` gives up bit-exactness and caching, `wasm` does not load gpu.js, `js` WebAssembly neither.',
  ),
  threads: text(
    '0',
    /^(auto|[0-9]|[1-5][0-9]|6[0-4])$/,
    'must be auto or a whole number from 0 to 64',
    '`auto`, or a whole number, 0 to 64',
    'Threads that compute large tables; `auto` is one a processor, at most 8, and 0 leaves all to the event loop.',
  ),
  poolBlocks: integer(64, 4, 65_536, 'Number of blocks that all responses share.'),
  blockBytes: integer(
    524_288,
    65_536,
    16_777_216,
    'Size of a block; one is written at a time. Times `POSENC_POOL_BLOCKS` this is all bulk memory.',
    4096,
  ),
  maxStreams: integer(64, 1, 65_536, 'Tables computed at the same time; more wait.'),
  maxElementsInFlight: integer(
    2 ** 38,
    1,
    Number.MAX_SAFE_INTEGER,
    'Elements still to be computed for all responses under way; more wait.',
  ),
  maxBytesInFlight: integer(
    2 ** 40,
    1,
    Number.MAX_SAFE_INTEGER,
    'Bytes still to be sent for all responses under way; more wait.',
  ),
  clientShare: integer(
    75,
    1,
    100,
    'Percent of these limits that one client (an address) may have; more of its requests wait, or are answered 429.',
  ),
  maxQueued: integer(256, 0, 65_536, 'Tables that wait to be computed; more are answered 503.'),
  queueTimeoutMs: integer(
    10_000,
    0,
    oneHour,
    'How long a table waits to be computed; then it is answered 429 or 503 with Retry-After.',
  ),
  maxRequestElements: integer(
    2 ** 36,
    1,
    Number.MAX_SAFE_INTEGER,
    'Elements that one response may make the service compute; more are answered 422.',
  ),
  maxTableBytes: integer(
    68_719_476_736,
    1,
    Number.MAX_SAFE_INTEGER,
    'Largest table in a binary format, in bytes; larger ones are answered 422.',
  ),
  maxTextElements: integer(
    4_194_304,
    1,
    1_073_741_824,
    'Largest table in JSON or CSV, in elements; larger ones are answered 422.',
  ),
  maxBodyBytes: integer(
    4_194_304,
    1024,
    1_073_741_824,
    'Largest request body, in bytes; larger ones are answered 413.',
  ),
  headersTimeoutMs: integer(
    15_000,
    100,
    oneHour,
    'Time for the head of a request to arrive, in ms; then 408. It is part of the whole, so the shorter time-out counts.',
  ),
  requestTimeoutMs: integer(60_000, 100, oneHour, 'Time for a whole request to arrive, in ms; then 408.'),
  keepAliveTimeoutMs: integer(
    75_000,
    1,
    oneHour,
    'Time an idle connection stays open, in ms; longer than the gateway keeps it (60 s in nginx).',
  ),
  stallTimeoutMs: integer(
    60_000,
    100,
    oneHour,
    'Time a reader may take no byte of a response, in ms; then the connection is closed.',
  ),
  drainGraceMs: integer(
    500,
    0,
    oneHour,
    'Time between the signal to stop, when readiness goes 503, and the end of new connections, in ms.',
  ),
  drainDeadlineMs: integer(
    30_000,
    0,
    oneHour,
    'Time running responses have to finish after the signal to stop, in ms; then they are cut.',
  ),
});

/** The settings in force. */
export type Config = z.output<typeof configSchema>;

type SettingKey = keyof typeof configSchema.shape;

/** A setting as documentation and errors name it. */
export interface Setting extends SettingDocs {
  readonly key: SettingKey;
  /** Environment variable. */
  readonly variable: string;
  /** Command line flag, without the dashes. */
  readonly flag: string;
}

/** The settings that many services share keep their common names. */
const commonVariables: ReadonlySet<SettingKey> = new Set(['host', 'port', 'logLevel']);

/** Every setting, in the order of the schema. */
export const settings: readonly Setting[] = (Object.keys(configSchema.shape) as SettingKey[]).map((key) => {
  const words = key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).split(' ');
  const name = words.join('_').toUpperCase();
  const about = docs.get(configSchema.shape[key]);
  if (!about) throw new Error(`The setting ${key} is not documented`);
  return {
    key,
    variable: commonVariables.has(key) ? name : `POSENC_${name}`,
    flag: words.join('-'),
    ...about,
  };
});

const settingOf: ReadonlyMap<string, Setting> = new Map(settings.map((setting) => [setting.key, setting]));

/** Settings that cannot be used; `problems` has a line for each, naming the variable or flag it came from. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
  }
}

/**
 * Reads the settings from environment variables and flags; a flag wins over its variable. Names of settings in
 * messages are those the operator wrote.
 *
 * @param env The environment; only `HOST`, `PORT`, `LOG_LEVEL` and `POSENC_*` are read.
 * @param flags Arguments as in `process.argv.slice(2)`: `--port 80`, `--port=80`.
 * @returns The settings, and the arguments that are no flags.
 * @throws ConfigError for unknown flags, unknown `POSENC_*` variables and values out of their domain.
 */
export function loadConfig(
  env: Readonly<Record<string, string | undefined>>,
  flags: readonly string[],
): { readonly config: Config; readonly rest: readonly string[] } {
  const problems: string[] = [];
  const input: Record<string, string> = {};
  /** Where each value came from, as the operator wrote it. */
  const source = new Map<string, string>();

  const known = new Set(settings.map(({ variable }) => variable));
  for (const variable of Object.keys(env)) {
    if (variable.startsWith('POSENC_') && !known.has(variable))
      problems.push(`${variable}: there is no such setting`);
  }
  for (const { key, variable } of settings) {
    const value = env[variable];
    if (value === undefined) continue;
    input[key] = value;
    source.set(key, variable);
  }

  const byFlag = new Map(settings.map((setting) => [setting.flag, setting]));
  const { tokens, positionals } = parseArgs({
    args: [...flags],
    options: Object.fromEntries(settings.map(({ flag }) => [flag, { type: 'string' }])),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const seen = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const setting = byFlag.get(token.name);
    if (!setting || !token.rawName.startsWith('--')) problems.push(`${token.rawName}: there is no such flag`);
    else if (token.value === undefined || (!token.inlineValue && token.value.startsWith('--')))
      problems.push(`${token.rawName}: a value is missing`);
    else if (seen.has(token.name)) problems.push(`${token.rawName}: given more than once`);
    else {
      seen.add(token.name);
      input[setting.key] = token.value;
      source.set(setting.key, token.rawName);
    }
  }

  const parsed = configSchema.safeParse(input);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const key = String(issue.path[0]);
      const name = source.get(key) ?? settingOf.get(key)?.variable ?? key;
      problems.push(`${name}: ${issue.message}, got ${JSON.stringify(input[key] ?? '')}`);
    }
  }
  if (problems.length > 0 || !parsed.success) throw new ConfigError(problems);
  return { config: parsed.data, rest: positionals };
}
