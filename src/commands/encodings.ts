import { revision } from '../revision.js';
import { sendTo } from './output.js';
import { type Command, UsageError } from './usage.js';

export const encodingsCommand: Command = {
  name: 'encodings',
  usage: 'posenc encodings [--json]',
  summary: 'List the encodings.',
  async run(argv, { encodings, stdout }) {
    const wrong = argv.find((argument) => argument !== '--json');
    if (wrong !== undefined) throw new UsageError(`${wrong}: there is only --json`);
    const list = encodings.map(({ id, title, status }) => ({ id, title, status: status.level }));
    const width = Math.max(...list.map(({ id }) => id.length));
    const text =
      argv.length > 0
        ? `${JSON.stringify({ revision, encodings: list }, null, 2)}\n`
        : list.map(({ id, title }) => `${id.padEnd(width)}  ${title}\n`).join('');
    await sendTo(stdout)(text);
    return 0;
  },
};
