import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { encodings } from '../src/encodings/index.js';
import {
  compareDigests,
  conformanceDigest,
  conformanceTables,
  explain,
} from '../test/support/conformance.js';

/** Two folders up from the compiled script stands the repository. */
const file = new URL('../../test/conformance.digest.json', import.meta.url);

// Writes the digest of the conformance matrix, unless that would hide that bytes changed under one revision.
const computed = await conformanceDigest(conformanceTables(encodings));
const { changed } = existsSync(file)
  ? compareDigests(JSON.parse(readFileSync(file, 'utf8')), computed)
  : { changed: [] };
if (changed.length > 0) {
  console.error(explain({ changed, stale: [] }));
  process.exitCode = 1;
} else {
  writeFileSync(file, `${JSON.stringify(computed, null, 2)}\n`);
  console.log(`test/conformance.digest.json: ${computed.files} files, revision ${computed.revision}`);
}
