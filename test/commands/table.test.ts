import { once } from 'node:events';
import { lstat, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import t from 'tap';
import { registerRoutes } from '../../routes/index.js';
import { writeWhole } from '../../src/commands/output.js';
import { Progress } from '../../src/commands/progress.js';
import { encodings } from '../../src/encodings/index.js';
import { formats } from '../../src/formats/index.js';
import { splitQuery } from '../../src/params.js';
import { makeService } from '../http/service.js';
import { posenc, startPosenc } from '../support/command-line.js';

/** The calls of a table that the document shows, as flags. */
function flagsOf(path: string): string[] {
  const query = path.slice(path.indexOf('?') + 1);
  return splitQuery(query).flatMap(([name, value]) => [`--${name.replaceAll('_', '-')}`, value]);
}

t.test('every table has the bytes that the service sends, on standard output and in a file', async (t) => {
  const app = makeService(t, {}, { routes: registerRoutes });
  const { paths } = (await app.inject('/openapi.json')).json();
  const folder = t.testdir();
  const seen = new Set<string>();
  for (const { id } of encodings) {
    for (const { path } of paths[`/v1/tables/${id}.{ext}`].get['x-posenc-examples']) {
      const extension = new URL(path, 'http://posenc').pathname.split('.')[1] ?? '';
      const { rawPayload, statusCode } = await app.inject(path);
      t.equal(statusCode, 200, path);
      const argv = ['table', id, ...flagsOf(path)];
      const printed = await posenc([...argv, '--format', extension]);
      t.same([printed.code, printed.stderr], [0, ''], path);
      t.ok(printed.stdout.equals(rawPayload), path);
      const file = join(folder, `${id}-${seen.size}.${extension}`);
      const written = await posenc([...argv, '-o', file]);
      t.same([written.code, written.stdout.length, written.stderr], [0, 0, ''], path);
      t.ok((await readFile(file)).equals(rawPayload), `${path} in a file`);
      seen.add(`${id} ${extension}`);
    }
  }
  t.equal(seen.size, encodings.length * formats.length, 'every encoding in every format');
});

t.test('a table of many blocks has the bytes that the service sends', async (t) => {
  const app = makeService(t, {}, { routes: registerRoutes });
  const { rawPayload } = await app.inject('/v1/tables/rope.npz?head_dim=64&length=5000');
  const { stdout } = await posenc('table rope --head-dim 64 --length=5000 --format npz'.split(' '));
  t.ok(stdout.equals(rawPayload));
});

t.test('JSON goes to standard output where nothing else is said', async (t) => {
  const { stdout } = await posenc(['table', 'alibi-slopes', '--num-heads', '2']);
  t.match(JSON.parse(stdout.toString()), {
    encoding: 'alibi-slopes',
    tensors: { slopes: { data: [1 / 16, 1 / 256] } },
  });
});

t.test('words of a flag may be joined by underscores, and values may be negative or nested', async (t) => {
  const line =
    'table t5-buckets --num_buckets 4 --key-length=2 --query_length 1 --query-offset -1 --tensors bias';
  const { code, stdout } = await posenc([...line.split(' '), '--weights', '[[0.5],[2],[4],[8]]']);
  t.equal(code, 0);
  t.match(JSON.parse(stdout.toString()), {
    params: { query_offset: -1 },
    tensors: { bias: { shape: [1, 1, 2] } },
  });
});

t.test('a digest is what the service answers', async (t) => {
  const app = makeService(t, {}, { routes: registerRoutes });
  const { stdout } = await posenc(
    'table alibi-slopes --num-heads 8 --format npy --digest sha-256'.split(' '),
  );
  const answer = await app.inject('/v1/tables/alibi-slopes.npy?num_heads=8&digest=sha-256');
  t.same(JSON.parse(stdout.toString()), answer.json());
});

t.test(
  'wrong parameters are named as flags, all at once; the exit code is 1 and no file is made',
  async (t) => {
    const folder = t.testdir();
    const line = 'table alibi-slopes --num-heads 0 --variant bert --alibi-bias-max 0x8';
    const { code, stdout, stderr } = await posenc([...line.split(' '), '-o', join(folder, 'slopes.npy')]);
    t.equal(code, 1);
    t.equal(stdout.length, 0);
    t.match(stderr, /^posenc table: invalid_parameters\n {2}--/);
    for (const flag of ['--num-heads: ', '--variant: ', '--alibi-bias-max: ']) t.match(stderr, `\n  ${flag}`);
    const missing = await posenc(['table', 'alibi-slopes', '-o', join(folder, 'slopes.npy')]);
    t.same(
      [missing.code, missing.stderr],
      [1, 'posenc table: invalid_parameters\n  --num-heads: is required\n'],
    );
    const element = await posenc('table rope --head-dim 8 --positions 0,-1'.split(' '));
    t.match(element.stderr, /\n {2}--positions 1: /);
    const several = await posenc('table rope --head-dim 8 --length 2 --format npy'.split(' '));
    t.match(several.stderr, '\n  --tensors: npy holds exactly one tensor; name one of cos, sin\n');
    const old = await posenc('table alibi-slopes --num-heads 8 --revision 0'.split(' '));
    t.match(old.stderr, /^posenc table: revision_unavailable\n {2}revision 0 is not served/);
    t.same(await readdir(folder), []);
  },
);

t.test('a file that stood there is replaced, also through a link, and nothing else is left', async (t) => {
  const folder = t.testdir({ 'slopes.npy': 'old', link: t.fixture('symlink', 'slopes.npy') });
  const argv = 'table alibi-slopes --num-heads 8 --format npy'.split(' ');
  const { stdout } = await posenc(argv);
  for (const name of ['slopes.npy', 'link']) {
    await writeFile(join(folder, 'slopes.npy'), 'old');
    t.equal((await posenc([...argv, '-o', join(folder, name)])).code, 0);
    t.ok((await readFile(join(folder, 'slopes.npy'))).equals(stdout), name);
  }
  t.ok((await lstat(join(folder, 'link'))).isSymbolicLink());
  t.same((await readdir(folder)).sort(), ['link', 'slopes.npy']);
});

t.test('a write that fails leaves what stood there and no half file', async (t) => {
  const folder = t.testdir({ 'table.bin': 'old' });
  const file = join(folder, 'table.bin');
  const broken = writeWhole(file, async (send) => {
    await send('half');
    throw new Error('broken');
  });
  await t.rejects(broken, { message: 'broken' });
  t.equal(await readFile(file, 'utf8'), 'old');
  t.same(await readdir(folder), ['table.bin']);

  const { code, stderr } = await posenc([
    'table',
    'alibi-slopes',
    '--num-heads=8',
    '-o',
    join(folder, 'no', 'a.npy'),
  ]);
  t.equal(code, 1);
  t.match(stderr, /^posenc table: ENOENT: no such file or directory, /);
  await mkdir(join(folder, 'full.npy'));
  const directory = await posenc(['table', 'alibi-slopes', '--num-heads=8', '-o', join(folder, 'full.npy')]);
  t.equal(directory.code, 1);
  t.match(directory.stderr, /^posenc table: EISDIR: /);
  t.same((await readdir(folder)).sort(), ['full.npy', 'table.bin']);
});

t.test('what is no regular file is written in place', async (t) => {
  const folder = t.testdir();
  await symlink('/dev/null', join(folder, 'null.npy'));
  const { code } = await posenc(['table', 'alibi-slopes', '--num-heads=8', '-o', join(folder, 'null.npy')]);
  t.equal(code, 0);
  t.ok((await lstat('/dev/null')).isCharacterDevice());
  t.same(await readdir(folder), ['null.npy']);
});

t.test('an interrupted table leaves no half file', async (t) => {
  const folder = t.testdir();
  const file = join(folder, 'large.bin');
  const line = 'table rope --head-dim 128 --length 100000000 --tensors cos -o';
  const child = startPosenc([...line.split(' '), file]);
  t.teardown(() => {
    child.kill('SIGKILL');
  });
  while ((await readdir(folder)).length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  child.kill('SIGINT');
  t.same(await once(child, 'exit'), [130, null]);
  t.same(await readdir(folder), []);
});

/** Standard error as a terminal or a pipe, and what was drawn on it. */
class Screen extends Writable {
  drawn = '';

  constructor(readonly isTTY: boolean) {
    super();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.drawn += chunk.toString();
    done();
  }
}

t.test('a bar is drawn on a terminal once a table takes longer than a second', (t) => {
  let now = 1000;
  t.intercept(Date, 'now', { value: () => now });
  const terminal = new Screen(true);
  const bar = new Progress(4e9, terminal);
  bar.advance(1e9);
  t.equal(terminal.drawn, '');
  now += 1000;
  bar.advance(1e9);
  const half = '\r███████████████░░░░░░░░░░░░░░░  50 %  2.00 GB/s ';
  t.equal(terminal.drawn, half);
  now += 50;
  bar.advance(1e9);
  t.equal(terminal.drawn, half, 'no faster than the eye');
  bar.end();
  t.equal(terminal.drawn, `${half}\r\u001b[K`);

  const pipe = new Screen(false);
  const none = new Progress(2, pipe);
  now += 5000;
  none.advance(1);
  none.end();
  t.equal(pipe.drawn, '');
  t.end();
});
