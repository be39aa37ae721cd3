import { spawn } from 'node:child_process';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { run } from '../../src/cli.js';
import type { Surroundings } from '../../src/commands/usage.js';
import { encodings } from '../../src/encodings/index.js';

export interface Outcome {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** A stream that keeps what it is given. */
class Kept extends Writable {
  private readonly chunks: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    // The writer may fill the memory again.
    this.chunks.push(Buffer.from(chunk));
    done();
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

/** Runs `posenc` in this process, with the registry and an empty environment unless others are given. */
export async function posenc(
  argv: readonly string[],
  given: Partial<Pick<Surroundings, 'encodings' | 'env'>> = {},
): Promise<Outcome> {
  const stdout = new Kept();
  const stderr = new Kept();
  const code = await run(argv, { encodings, env: {}, ...given, stdout, stderr });
  return { code, stdout: stdout.bytes, stderr: stderr.bytes.toString() };
}

/** Starts `posenc` in a process of its own, with nothing in its environment but what is given. */
export function startPosenc(argv: readonly string[], env: Record<string, string> = {}) {
  const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
  return spawn(process.execPath, [cli, ...argv], { env: { PATH: process.env.PATH, ...env }, stdio: 'pipe' });
}
