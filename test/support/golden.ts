import { readFileSync } from 'node:fs';

/** Where the vectors lie, from a compiled test two folders below the project's root. */
export const goldenFolder = new URL('../../../test/golden/', import.meta.url);

/** A file of test/golden. */
export function goldenFile(name: string): Buffer {
  return readFileSync(new URL(name, goldenFolder));
}
