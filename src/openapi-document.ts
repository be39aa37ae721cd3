import { buildApp } from './app.js';
import { loadConfig } from './config.js';
import type { AnyEncoding } from './encodings/define.js';

/**
 * The OpenAPI document of the service under its default settings, as `GET /openapi.json` answers it but indented,
 * with a newline at the end: the text of the committed file.
 */
export async function openapiText(encodings: readonly AnyEncoding[]): Promise<string> {
  const { config } = loadConfig({}, []);
  const app = buildApp(config, { encodings });
  try {
    const response = await app.inject('/openapi.json');
    return `${JSON.stringify(response.json(), null, 2)}\n`;
  } finally {
    await app.close();
  }
}
