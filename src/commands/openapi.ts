import { type Command, UsageError } from './usage.js';

export const openapiCommand: Command = {
  name: 'openapi',
  usage: 'posenc openapi',
  summary: 'Print the OpenAPI document.',
  async run(argv) {
    if (argv.length > 0) throw new UsageError(`openapi takes no arguments, not ${argv.join(' ')}`);
    const { openapiDocument } = await import('../openapi-document.js');
    process.stdout.write(`${JSON.stringify(await openapiDocument(), null, 2)}\n`);
    return 0;
  },
};
