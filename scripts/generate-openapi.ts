import { readFile, writeFile } from 'node:fs/promises';
import { encodings } from '../src/encodings/index.js';
import { openapiText } from '../src/openapi-document.js';

/** Two folders up from the compiled script stands the repository. */
const file = new URL('../../openapi/openapi.json', import.meta.url);

const text = await openapiText(encodings);
if (process.argv.includes('--check')) {
  const committed = await readFile(file, 'utf8').catch(() => '');
  if (committed !== text) {
    console.error('openapi/openapi.json is not what the schemas say: run npm run openapi');
    process.exitCode = 1;
  }
} else {
  await writeFile(file, text);
}
