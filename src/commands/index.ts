import { benchCommand } from './bench.js';
import { encodingsCommand } from './encodings.js';
import { healthCommand } from './health.js';
import { openapiCommand } from './openapi.js';
import { serveCommand } from './serve.js';
import { tableCommand } from './table.js';
import type { Command } from './usage.js';

/** The commands, in the order in which help lists them. */
export const commands: readonly Command[] = [
  serveCommand,
  tableCommand,
  encodingsCommand,
  openapiCommand,
  healthCommand,
  benchCommand,
];
