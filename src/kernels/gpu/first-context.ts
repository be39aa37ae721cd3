import { parseArgs } from 'node:util';
import { startEngine } from './start-engine.js';

// A program of its own: starts the mode of gpu.js that it is given, and prints its renderer, or the reason where it
// cannot work.
try {
  const { positionals } = parseArgs({ allowPositionals: true });
  const { renderer } = startEngine(positionals[0]);
  process.stdout.write(JSON.stringify(renderer), () => process.exit(0));
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error);
  process.stdout.write(reason, () => process.exit(1));
}
