import { pino } from 'pino';
import { PinoPretty } from 'pino-pretty';
import type { Config } from '../config.js';
import { accessLog, printedAccessLog } from './access-log.js';
import type { Observer } from './exchanges.js';

/** Lines are gathered up to this size, or for this long, whichever is first: a write a request costs more than the request. */
const gather = { characters: 8192, ms: 100 };

/** Lines that nobody takes are kept up to this size, then dropped: a log that stands must not take the service with it. */
const unwrittenBytes = 2 ** 24;

/**
 * Gathers lines for a destination. It would gather by itself, but measures all it has gathered at every line,
 * which costs more than printing the line.
 */
class Gathered {
  private lines = '';
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly destination: ReturnType<typeof pino.destination>) {}

  write(line: string): void {
    this.lines += line;
    if (this.lines.length >= gather.characters) this.pass();
    else this.timer ??= setTimeout(() => this.pass(), gather.ms).unref();
  }

  /** Writes all lines, and waits for them. */
  flushSync(): void {
    this.pass();
    this.destination.flushSync();
  }

  private pass(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { lines } = this;
    this.lines = '';
    this.destination.write(lines);
  }
}

/** A logger and how to bring its last lines out. */
export interface Log {
  readonly logger: pino.Logger;
  /** Logs a line a request. */
  readonly observe: Observer;
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
    const logger = pino(options, stream);
    return { logger, observe: accessLog(logger), pretty, flush: () => {} };
  }
  const gathered = new Gathered(pino.destination({ fd: 1, sync: false, maxLength: unwrittenBytes }));
  const logger = pino(options, gathered);
  const observe = logger.isLevelEnabled('info') ? printedAccessLog((line) => gathered.write(line)) : () => {};
  return { logger, observe, pretty, flush: () => gathered.flushSync() };
}
