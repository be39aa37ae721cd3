import { loadConfig } from '../config.js';
import { type Command, UsageError } from './usage.js';

export const serveCommand: Command = {
  name: 'serve',
  usage: 'posenc serve [--port 8080] [--host 127.0.0.1] …',
  summary: 'Serve tables over HTTP; every setting is a flag (docs/configuration.md).',
  async run(argv) {
    const { config, rest } = loadConfig(process.env, argv);
    if (rest.length > 0) throw new UsageError(`serve takes flags only, not ${rest.join(' ')}`);
    const { serve } = await import('../main.js');
    await serve(config);
    return 0;
  },
};
