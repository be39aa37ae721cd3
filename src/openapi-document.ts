import { buildApp } from './app.js';
import { loadConfig } from './config.js';

/** The OpenAPI document of the service under its default settings, as `GET /openapi.json` answers it. */
export async function openapiDocument(): Promise<Readonly<Record<string, unknown>>> {
  const { config } = loadConfig({}, []);
  const app = buildApp(config);
  try {
    const response = await app.inject('/openapi.json');
    return response.json<Record<string, unknown>>();
  } finally {
    await app.close();
  }
}

/** The document as the committed file has it: indented, with a newline at the end. */
export async function openapiText(): Promise<string> {
  return `${JSON.stringify(await openapiDocument(), null, 2)}\n`;
}
