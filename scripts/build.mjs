// Compiles everything to dist/ from a clean slate: a test of a file that is gone must not run.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);

/** Runs a package's program in the root and ends with its status where it fails. */
function run(packageName, program, ...args) {
  const path = join(dirname(require.resolve(`${packageName}/package.json`)), 'bin', program);
  const { status } = spawnSync(process.execPath, [path, ...args], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

/**
 * Compiles the WebAssembly kernels, which takes longer than all the rest: what the same compiler has made of the
 * same sources is kept. The kernels have no heap and no globals, so that instances can share a memory.
 */
function buildKernels() {
  const folder = join('src', 'kernels', 'wasm');
  const sources = join(folder, 'assembly');
  const options = [
    ...['--runtime', 'stub', '--noAssert', '-O3'],
    ...['--importMemory', '--sharedMemory', '--maximumMemory', '65535'],
    ...['--enable', 'simd,threads'],
  ];
  const hash = createHash('sha256').update(
    require('assemblyscript/package.json').version + options.join(' '),
  );
  for (const name of readdirSync(join(root, sources)).sort())
    hash.update(`${name}\n`).update(readFileSync(join(root, sources, name)));
  const kept = join('node_modules', '.cache', 'posenc', `${hash.digest('hex')}.wasm`);
  if (!existsSync(join(root, kept))) {
    // Under its name only when it is whole: another build may look for it meanwhile, or this one be stopped.
    const made = `${kept}.${process.pid}`;
    run('assemblyscript', 'asc.js', join(sources, 'index.ts'), '--outFile', made, ...options);
    renameSync(join(root, made), join(root, kept));
  }
  mkdirSync(join(root, 'dist', folder), { recursive: true });
  copyFileSync(join(root, kept), join(root, 'dist', folder, 'kernels.wasm'));
}

rmSync(join(root, 'dist'), { recursive: true, force: true });
run('typescript', 'tsc', '-p', root);
buildKernels();
