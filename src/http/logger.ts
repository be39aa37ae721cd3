import { pino } from 'pino';
import { PinoPretty } from 'pino-pretty';
import type { Config } from '../config.js';

/** Lines are gathered up to this size, or for this long, whichever is first: a write a request costs more than the request. */
const gather = { bytes: 8192, ms: 100 };

/** A logger and how to bring its last lines out. */
export interface Log {
  readonly logger: pino.Logger;
  /** Whether lines are for people. */
  readonly pretty: boolean;
  flush(): void;
}

/** The log on standard output: JSON lines, or coloured text on a terminal. */
export function makeLog(
  { logFormat, logLevel }: Pick<Config, 'logFormat' | 'logLevel'>,
  terminal: boolean,
): Log {
  const options = { level: logLevel, base: null };
  const pretty = logFormat === 'pretty' || (logFormat === 'auto' && terminal);
  if (pretty) {
    const stream = PinoPretty({
      colorize: terminal,
      translateTime: 'SYS:HH:MM:ss.l',
      singleLine: true,
      sync: true,
    });
    return { logger: pino(options, stream), pretty, flush: () => {} };
  }
  const destination = pino.destination({
    fd: 1,
    sync: false,
    minLength: gather.bytes,
    periodicFlush: gather.ms,
  });
  return { logger: pino(options, destination), pretty, flush: () => destination.flushSync() };
}
