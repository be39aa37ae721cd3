import { rmSync } from 'node:fs';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { constants } from 'node:os';
import type { Writable } from 'node:stream';

/** Takes a piece of output; resolves once its bytes have left and its memory may be filled again. */
export type Send = (piece: string | Uint8Array) => Promise<void>;

/** Writes to a stream. Throws what the stream says of this write, such as EPIPE where the reader has left. */
export function sendTo(stream: Writable): Send {
  return (piece) =>
    new Promise((resolve, reject) => {
      stream.write(piece, (error) => (error ? reject(error) : resolve()));
    });
}

/** What is no regular file (a device, a pipe) has no neighbours and must stay what it is. */
async function isSpecial(path: string): Promise<boolean> {
  try {
    return !(await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** Runs `work`; a signal that ends the process meanwhile removes the file first. */
async function removedOnSignal<T>(path: string, work: () => Promise<T>): Promise<T> {
  const stop = (signal: NodeJS.Signals) => {
    rmSync(path, { force: true });
    process.exit(128 + constants.signals[signal]);
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.once(signal, stop);
  try {
    return await work();
  } finally {
    for (const signal of signals) process.off(signal, stop);
  }
}

async function writeInto(
  path: string,
  flags: 'w' | 'wx',
  produce: (send: Send) => Promise<void>,
): Promise<void> {
  const file = await open(path, flags);
  try {
    await produce((piece) => file.writeFile(piece));
  } finally {
    await file.close();
  }
}

/**
 * Writes a file that is whole or not there: the bytes go to a neighbour, which takes the name at the end. What stood
 * there before stays until then. Throws what the file system says, and what `produce` throws.
 */
export async function writeWhole(path: string, produce: (send: Send) => Promise<void>): Promise<void> {
  // Through a symbolic link, the file it points to is replaced and the link stays.
  const target = await realpath(path).catch(() => path);
  if (await isSpecial(target)) return writeInto(target, 'w', produce);
  const partial = `${target}.${process.pid}.partial`;
  await removedOnSignal(partial, async () => {
    try {
      await writeInto(partial, 'wx', produce);
      await rename(partial, target);
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
  });
}
