import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { registerRoutes } from '../routes/index.js';
import { commands } from '../src/commands/index.js';
import { settings } from '../src/config.js';
import { encodings } from '../src/encodings/index.js';
import { propertiesOf } from '../src/http/json-schema.js';
import { revision } from '../src/revision.js';
import { tableParameters } from '../src/table.js';
import { version } from '../src/version.js';
import { makeService } from './http/service.js';
import { posenc, startPosenc } from './support/command-line.js';

t.test('the commands are those of the service', (t) => {
  t.same(
    commands.map(({ name }) => name),
    ['serve', 'table', 'encodings', 'openapi', 'health', 'bench'],
  );
  t.end();
});

t.test('without a command, and when asked, every command is listed on standard output', async (t) => {
  for (const argv of [[], ['help'], ['--help'], ['-h']]) {
    const { code, stdout, stderr } = await posenc(argv);
    t.equal(code, 0, argv.join(' '));
    t.equal(stderr, '');
    for (const { usage, summary } of commands) {
      t.ok(stdout.includes(usage) && stdout.includes(summary), usage);
    }
  }
});

t.test('every command tells how it is used', async (t) => {
  for (const { name, usage } of commands) {
    for (const flag of ['--help', '-h']) {
      const { code, stdout, stderr } = await posenc([name, flag]);
      t.equal(code, 0, `${name} ${flag}`);
      t.ok(stdout.toString().startsWith(`${usage}\n`), name);
      t.equal(stderr, '');
    }
  }
});

t.test('the help of serve has every setting with its variable and default', async (t) => {
  const help = (await posenc(['serve', '--help'])).stdout.toString();
  for (const { flag, variable, default: fallback, help: meaning } of settings) {
    t.match(help, `--${flag} or ${variable}  `);
    t.match(help, `[${fallback || 'empty'}]\n      ${meaning}\n`);
  }
});

t.test('the help of a table has every parameter of its encoding', async (t) => {
  const overview = (await posenc(['table', '--help'])).stdout.toString();
  for (const encoding of encodings) {
    t.match(overview, encoding.id);
    const help = (await posenc(['table', encoding.id, '--help'])).stdout.toString();
    for (const [name, { description }] of propertiesOf(tableParameters(encoding)).properties) {
      t.match(help, `  --${name.replaceAll('_', '-')}  `, `${encoding.id} ${name}`);
      t.ok(description && help.includes(`      ${description}\n`), `${encoding.id} ${name} is described`);
    }
  }
  const help = (await posenc(['table', 'alibi-slopes', '--help'])).stdout.toString();
  t.match(help, '--num-heads  whole number (required)\n');
  t.match(help, '--variant  press | bloom | mpt [press]\n');
  t.match(help, '--tensors  slopes, comma-separated\n');
  t.match(help, '--format  json | npy | npz | safetensors | bin | csv\n');
});

t.test('--version tells the version and the kernel revision', async (t) => {
  for (const flag of ['--version', '-V']) {
    const { code, stdout } = await posenc([flag]);
    t.equal(code, 0);
    t.equal(stdout.toString(), `posenc ${version}, revision ${revision}\n`);
  }
});

t.test('an unknown command is named, the known ones are listed, and the exit code is 2', async (t) => {
  for (const name of ['tables', '--nothing']) {
    const { code, stdout, stderr } = await posenc([name]);
    t.equal(code, 2);
    t.equal(stdout.length, 0);
    t.ok(stderr.startsWith(`posenc: there is no command ${name}\n`));
    for (const { usage } of commands) t.ok(stderr.includes(usage));
  }
});

t.test('wrong usage names what is wrong and ends with 2', async (t) => {
  const wrong: [string, RegExp][] = [
    ['serve --nothing 1', /^posenc serve: --nothing: there is no such flag\n$/],
    ['serve --port', /^posenc serve: --port: a value is missing\n$/],
    ['serve --port 1 --port 2', /^posenc serve: --port: given more than once\n$/],
    ['serve --port http', /^posenc serve: --port: must be a whole number in decimal digits, got "http"\n$/],
    ['serve now', /^posenc serve: now: is no flag\n$/],
    ['health --nothing 1', /^posenc health: --nothing: there is no such flag\n$/],
    ['health now', /^posenc health: now: is no flag\n$/],
    ['encodings --nothing', /^posenc encodings: --nothing: there is only --json\n$/],
    ['openapi --nothing', /^posenc openapi: --nothing: there are no arguments\n$/],
    ['table', /^posenc table: an encoding is missing; there are rope, /],
    ['table rop', /^posenc table: there is no encoding rop; there are rope, /],
    ['table alibi-slopes 8', /^posenc table: 8: is no flag\n$/],
    ['table alibi-slopes -n 8', /^posenc table: -n: is no flag\n$/],
    ['table alibi-slopes -ofile', /^posenc table: -ofile: is no flag\n$/],
    ['table alibi-slopes --heads 8', /^posenc table: --heads: there is no such flag for alibi-slopes\n$/],
    ['table alibi-slopes --num-heads', /^posenc table: --num-heads: a value is missing\n$/],
    ['table alibi-slopes --num-heads --dtype f64', /^posenc table: --num-heads: a value is missing\n$/],
    ['table alibi-slopes --num-heads 8 --num_heads=8', /^posenc table: --num_heads: given more than once\n$/],
    ['table alibi-slopes -o a.npy --output=b.npy', /^posenc table: --output: given more than once\n$/],
    [
      'table alibi-slopes --format pt',
      /^posenc table: --format: there is no format pt; there are json, npy, /,
    ],
    [
      'table alibi-slopes -o a.pt',
      /^posenc table: -o: the extension of a\.pt names no format; there are json, /,
    ],
    ['table alibi-slopes -o slopes', /^posenc table: -o: the extension of slopes names no format; /],
  ];
  for (const [line, message] of wrong) {
    const { code, stdout, stderr } = await posenc(line.split(' '));
    t.equal(code, 2, line);
    t.equal(stdout.length, 0, line);
    t.match(stderr, message, line);
  }
});

t.test(
  'settings come from variables and flags of one schema, and a wrong one is named as it was given',
  async (t) => {
    const wrong = await posenc(['health', '--host', 'a b'], {
      env: { PORT: '65536', POSENC_NOTHING: '1', POSENC_BASE_PATH: '/a/' },
    });
    t.equal(wrong.code, 2);
    t.match(wrong.stderr, 'POSENC_NOTHING: there is no such setting');
    t.match(wrong.stderr, '--host: must be an address');
    t.match(wrong.stderr, 'PORT: must be at most 65535');
    t.match(wrong.stderr, 'POSENC_BASE_PATH: must be empty');
  },
);

t.test('encodings lists what the service lists', async (t) => {
  const { code, stdout } = await posenc(['encodings']);
  t.equal(code, 0);
  const lines = stdout.toString().trimEnd().split('\n');
  t.same(
    lines.map((line) => line.split(/ {2,}/)),
    encodings.map(({ id, title }) => [id, title]),
  );
  const app = makeService(t, {}, { routes: registerRoutes });
  const { stdout: json } = await posenc(['encodings', '--json']);
  t.same(JSON.parse(json.toString()), (await app.inject('/v1/encodings')).json());
});

t.test('openapi prints the committed document', async (t) => {
  const { code, stdout } = await posenc(['openapi']);
  t.equal(code, 0);
  const committed = await readFile(new URL('../../openapi/openapi.json', import.meta.url), 'utf8');
  t.equal(stdout.toString(), committed);
});

t.test('a reader that leaves ends the output quietly', async (t) => {
  for (const line of [
    'openapi',
    'table rope --head-dim 128 --length 1000000 --format bin --tensors cos',
    'table rope --head-dim 128 --length 1000000',
  ]) {
    const child = startPosenc(line.split(' '));
    const complaint = text(child.stderr);
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [code] = await once(child, 'exit');
    t.equal(code, 0, line);
    t.equal(await complaint, '', line);
  }
});

t.test('serve answers on its port until it is told to stop, and exits 0', async (t) => {
  const child = startPosenc(['serve', '--port', '0', '--drain-grace-ms', '0'], { POSENC_BACKEND: 'js' });
  t.teardown(() => {
    child.kill('SIGKILL');
  });
  let log = '';
  child.stdout.setEncoding('utf8').on('data', (piece) => {
    log += piece;
  });
  let url: string | undefined;
  while (url === undefined) {
    await once(child.stdout, 'data');
    url = /"url":"(http:[^"]+)"/.exec(log)?.[1];
  }
  t.same(await (await fetch(`${url}/livez`)).json(), { status: 'ok' });
  const { port } = new URL(url);
  t.equal((await posenc(['health', '--port', port])).code, 0);
  child.kill('SIGTERM');
  t.same(await once(child, 'exit'), [0, null]);
});

t.test('serve says in a line that its port is taken', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  t.teardown(() => void taken.close());
  await once(taken, 'listening');
  const address = taken.address();
  const port = typeof address === 'object' && address ? String(address.port) : '';
  const child = startPosenc(['serve', '--port', port], { POSENC_BACKEND: 'js' });
  const complaint = text(child.stderr);
  const [code] = await once(child, 'exit');
  t.equal(code, 1);
  t.equal(await complaint, `posenc serve: listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`);
});
