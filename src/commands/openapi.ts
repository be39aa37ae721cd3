import { sendTo } from './output.js';
import { type Command, UsageError } from './usage.js';

export const openapiCommand: Command = {
  name: 'openapi',
  usage: 'posenc openapi',
  summary: 'Print the OpenAPI document.',
  async run(argv, { encodings, stdout }) {
    if (argv[0] !== undefined) throw new UsageError(`${argv[0]}: there are no arguments`);
    const { openapiText } = await import('../openapi-document.js');
    await sendTo(stdout)(await openapiText(encodings));
    return 0;
  },
};
