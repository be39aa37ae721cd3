import { encodings } from '../encodings/index.js';
import { revision } from '../revision.js';
import { type Command, UsageError } from './usage.js';

export const encodingsCommand: Command = {
  name: 'encodings',
  usage: 'posenc encodings [--json]',
  summary: 'List the encodings.',
  async run(argv) {
    if (argv.some((arg) => arg !== '--json'))
      throw new UsageError(`encodings takes --json, not ${argv.join(' ')}`);
    const list = encodings.map(({ id, title, status }) => ({ id, title, status: status.level }));
    if (argv.length > 0) {
      console.log(JSON.stringify({ revision, encodings: list }, null, 2));
      return 0;
    }
    const width = Math.max(...list.map(({ id }) => id.length));
    for (const { id, title } of list) console.log(`${id.padEnd(width)}  ${title}`);
    return 0;
  },
};
