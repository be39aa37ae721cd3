import { readFileSync } from 'node:fs';

/** A file of test/golden, from a compiled test two folders below the project's root. */
export function goldenFile(name: string): Buffer {
  return readFileSync(new URL(`../../../test/golden/${name}`, import.meta.url));
}
