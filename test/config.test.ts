import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { configurationReference } from '../scripts/generate-configuration.js';
import { ConfigError, loadConfig, settings } from '../src/config.js';
import { catalogueLimits, describeLimits, makeLimits } from '../src/limits.js';

/** The problems of a configuration that cannot be used. */
function problemsOf(env: Record<string, string>, flags: readonly string[] = []): readonly string[] {
  try {
    loadConfig(env, flags);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

t.test('without settings the service listens on 127.0.0.1:8080 at level info', async (t) => {
  const { config, rest } = loadConfig({ PATH: '/bin', HOME: '/' }, []);
  t.match(config, {
    host: '127.0.0.1',
    port: 8080,
    logLevel: 'info',
    logFormat: 'auto',
    basePath: '',
    trustedProxies: [],
    corsOrigins: [],
    backend: 'auto',
    metrics: true,
    docs: true,
    maxTableBytes: 64 * 2 ** 30,
    maxTextElements: 4_194_304,
    maxBodyBytes: 4 * 2 ** 20,
  });
  t.same(rest, []);
});

t.test('every setting has a variable, a flag and a line of help, and its default is valid', async (t) => {
  t.same(
    settings.slice(0, 3).map(({ variable, flag }) => [variable, flag]),
    [
      ['HOST', 'host'],
      ['PORT', 'port'],
      ['LOG_LEVEL', 'log-level'],
    ],
  );
  for (const setting of settings.slice(3)) {
    t.match(setting.variable, /^POSENC_[A-Z]+(_[A-Z]+)*$/);
    t.equal(setting.variable, `POSENC_${setting.flag.replaceAll('-', '_').toUpperCase()}`);
  }
  const { config } = loadConfig({}, []);
  for (const { key, variable, flag, help, default: fallback } of settings) {
    t.match(help, /\.$/);
    t.same(loadConfig({ [variable]: fallback }, []).config, config, variable);
    t.same(loadConfig({}, [`--${flag}=${fallback}`]).config[key], config[key], flag);
  }
});

t.test('a flag wins over its variable, and what is no flag is left over', async (t) => {
  const { config, rest } = loadConfig({ PORT: '1', POSENC_BASE_PATH: '/a' }, [
    'serve',
    '--port',
    '2',
    '--cors-origins=https://a.example, https://b.example:8443',
    '--trusted-proxies',
    '10.0.0.0/8,::1,fd00::/8',
    '--docs=no',
    '--',
    '--port',
  ]);
  t.match(config, {
    port: 2,
    basePath: '/a',
    corsOrigins: ['https://a.example', 'https://b.example:8443'],
    trustedProxies: ['10.0.0.0/8', '::1', 'fd00::/8'],
    docs: false,
  });
  t.same(rest, ['serve', '--port']);
});

t.test('a bad value is an error that names where it stands', async (t) => {
  const cases: [Record<string, string>, string[], RegExp][] = [
    [{ PORT: '' }, [], /^PORT: must be a whole number/],
    [{ PORT: '0x50' }, [], /^PORT: must be a whole number .*got "0x50"/],
    [{ PORT: ' 80' }, [], /^PORT: must be a whole number/],
    [{ PORT: '65536' }, [], /^PORT: must be at most 65535/],
    [{ POSENC_POOL_BLOCKS: '1' }, [], /^POSENC_POOL_BLOCKS: must be at least 4/],
    [{ POSENC_BLOCK_BYTES: '70000' }, [], /^POSENC_BLOCK_BYTES: must be a multiple of 4096/],
    [{ POSENC_MAX_TABLE_BYTES: '9007199254740993' }, [], /^POSENC_MAX_TABLE_BYTES: /],
    [{ POSENC_METRICS: 'maybe' }, [], /^POSENC_METRICS: must be true or false/],
    [{ LOG_LEVEL: 'loud' }, [], /^LOG_LEVEL: must be one of fatal, /],
    [{ POSENC_BACKEND: 'GPU' }, [], /^POSENC_BACKEND: must be one of auto, js, wasm, gpu/],
    [{ POSENC_BASE_PATH: '/a/' }, [], /^POSENC_BASE_PATH: must be empty or begin/],
    [{ POSENC_BASE_PATH: 'a' }, [], /^POSENC_BASE_PATH: /],
    [{ POSENC_TRUSTED_PROXIES: '10.0.0.0/33' }, [], /^POSENC_TRUSTED_PROXIES: must be an address/],
    [{ POSENC_TRUSTED_PROXIES: 'proxy.local' }, [], /^POSENC_TRUSTED_PROXIES: must be an address/],
    [{ POSENC_CORS_ORIGINS: 'https://a.example/' }, [], /^POSENC_CORS_ORIGINS: must be an origin/],
    [{ POSENC_CORS_ORIGINS: 'null' }, [], /^POSENC_CORS_ORIGINS: must be an origin/],
    [{ POSENC_TYPO: '1' }, [], /^POSENC_TYPO: there is no such setting$/],
    [{}, ['--port', 'x'], /^--port: must be a whole number/],
    [{}, ['--typo'], /^--typo: there is no such flag$/],
    [{}, ['-p', '1'], /^-p: there is no such flag$/],
    [{}, ['--port'], /^--port: a value is missing$/],
    [{}, ['--port', '--host'], /^--port: a value is missing$/],
    [{}, ['--port', '1', '--port', '2'], /^--port: given more than once$/],
    [{}, ['--toString=1'], /^--toString: there is no such flag$/],
    [{}, ['--__proto__=1'], /^--__proto__: there is no such flag$/],
  ];
  for (const [env, flags, expected] of cases) {
    const problems = problemsOf(env, flags);
    t.ok(
      problems.some((problem) => expected.test(problem)),
      `${JSON.stringify(env)} ${flags.join(' ')}: ${problems}`,
    );
  }
  t.equal(problemsOf({ PORT: 'x', LOG_LEVEL: 'x', POSENC_X: 'x' }, ['--x']).length, 4, 'all of them at once');
});

t.test('any text for any setting is a configuration or an error that names the variable', async () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...settings),
      fc.oneof(fc.string(), fc.integer().map(String)),
      (setting, text) => {
        const problems = problemsOf({ [setting.variable]: text });
        return problems.every((problem) => problem.startsWith(`${setting.variable}: `));
      },
    ),
    { numRuns: 2000 },
  );
});

t.test('the limits an operator may move follow the configuration, the others stand', async (t) => {
  const limits = makeLimits(
    loadConfig({ POSENC_MAX_TABLE_BYTES: '4096', POSENC_MAX_STREAMS: '2' }, []).config,
  );
  t.match(limits, { ...catalogueLimits, table_bytes: 4096, streams: 2, url_bytes: 16_384 });
  t.match(catalogueLimits, { head_dim: 8192, num_heads: 4096, positions: 65_536, num_buckets: 8192 });
  const described = describeLimits(limits).limits;
  t.same(described.map(({ name }) => name).sort(), Object.keys(limits).sort());
  for (const { name, value } of described) t.equal(value, Reflect.get(limits, name), name);
});

t.test('docs/configuration.md is what the schema says', async (t) => {
  const committed = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  t.equal(committed, configurationReference());
});
