import { requireHardware, startEngine } from './engine.js';

// A program of its own: makes a context of GL, and prints the reason where there is none or no GPU behind it.
try {
  requireHardware(startEngine('headlessgl').renderer);
} catch (error) {
  process.stdout.write(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
