import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { MemorySample, Question } from './probe.js';

/** `posenc serve` in a process of its own. */
export interface ServiceProcess {
  readonly child: ChildProcess;
  /** Of 127.0.0.1. */
  readonly port: number;
  /** Exit status and signal, when all output has come. */
  readonly exited: Promise<[number | null, NodeJS.Signals | null]>;
}

/** One line of its log. */
export type LogLine = Readonly<Record<string, unknown>>;

const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
const probe = ['--expose-gc', '--import', new URL('./probe.js', import.meta.url).href];

/**
 * Starts a service with nothing in its environment but what is given, and resolves once it listens.
 *
 * @param onLine Told of each line of the log.
 * @param probed Loads the probe, which `memoryOf` and `killThread` ask.
 */
export async function startService(
  env: Readonly<Record<string, string>>,
  onLine: (line: LogLine) => void = () => undefined,
  probed = false,
): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [...(probed ? probe : []), cli, 'serve', '--port', '0'], {
    env: { PATH: process.env.PATH, POSENC_LOG_FORMAT: 'json', ...env },
    stdio: ['ignore', 'pipe', 'inherit', ...(probed ? (['ipc'] as const) : [])],
  });
  const exited = new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once('close', (code, signal) => resolve([code, signal]));
  });
  const up = new Promise<number>((resolve) => {
    let rest = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines.map((one): LogLine => JSON.parse(one))) {
        if (line.msg === 'posenc is up') resolve(Number(new URL(String(line.url)).port));
        onLine(line);
      }
    });
  });
  const port = await Promise.race([
    up,
    exited.then(([code, signal]) => {
      throw new Error(`the service ended before it listened: ${code ?? signal}`);
    }),
  ]);
  return { child, port, exited };
}

async function ask(child: ChildProcess, question: Question): Promise<unknown> {
  child.send(question);
  const [answer] = await once(child, 'message');
  return answer;
}

/** What a probed service holds, after a collection. One question at a time. */
export async function memoryOf({ child }: ServiceProcess): Promise<MemorySample> {
  return (await ask(child, { kind: 'memory' })) as MemorySample;
}

/** Ends a computing thread of a probed service, and tells whether there was one. One question at a time. */
export async function killThread({ child }: ServiceProcess, index: number): Promise<boolean> {
  return (await ask(child, { kind: 'kill', index })) === true;
}
