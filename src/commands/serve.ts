import { loadConfig, type Setting, settings } from '../config.js';
import { type Command, describeFlags, type FlagHelp, UsageError } from './usage.js';

/** A setting as help shows it. */
export function settingHelp({ flag, variable, type, default: fallback, help }: Setting): FlagHelp {
  return { flag: `--${flag} or ${variable}`, values: `${type} [${fallback || 'empty'}]`, meaning: help };
}

export const serveCommand: Command = {
  name: 'serve',
  usage: 'posenc serve [--port 8080] [--host 127.0.0.1] …',
  summary: 'Serve tables over HTTP; every setting is a flag and an environment variable.',
  help: () => describeFlags(settings.map(settingHelp)),
  async run(argv, { encodings, env }) {
    const { config, rest } = loadConfig(env, argv);
    if (rest[0] !== undefined) throw new UsageError(`${rest[0]}: is no flag`);
    const { serve } = await import('../main.js');
    await serve(config, encodings);
    return 0;
  },
};
