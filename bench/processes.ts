import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

/** Servers run on one core and everything that measures on the other, where not said otherwise. */
export const serverCore = '0';
const clientCore = '1';
export const bothCores = '0,1';

/** Puts this process on its core. Linux, two cores and taskset: without them the figures would mean little. */
export function pinSelf(): void {
  const { status, stderr } = spawnSync('taskset', ['-a', '-p', '-c', clientCore, String(process.pid)]);
  if (status !== 0) throw new Error(`taskset is needed to pin processes to cores: ${stderr ?? 'not found'}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

async function untilListening(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    const socket = connect(port, '127.0.0.1');
    const there = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (there) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Servers that would outlive a benchmark that fails. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill();
});

/** A server in a process of its own, alone on its core. */
export class Server {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
  ) {}

  /** Runs a command with PORT set to a free one, on the cores given. Its log goes to /dev/null. */
  static async run(
    command: (port: number) => readonly string[] | Promise<readonly string[]>,
    { env = {}, cores = serverCore }: { env?: NodeJS.ProcessEnv; cores?: string } = {},
  ): Promise<Server> {
    const port = await freePort();
    const child = spawn('taskset', ['-c', cores, ...(await command(port))], {
      env: { ...process.env, HOST: '127.0.0.1', ...env, PORT: String(port) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    await untilListening(port, child);
    return new Server(child, port);
  }

  /** Runs a script of dist/. */
  static start(
    script: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
    cores?: string,
  ): Promise<Server> {
    const path = fileURLToPath(new URL(`../${script}`, import.meta.url));
    return Server.run(() => [process.execPath, path, ...args], { env, ...(cores && { cores }) });
  }

  /** posenc with its default settings and `env`. */
  static posenc(env: NodeJS.ProcessEnv = {}, cores?: string): Promise<Server> {
    return Server.start('src/cli.js', ['serve'], env, cores);
  }

  /** Resident memory in MiB. */
  residentMiB(): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
  }

  /** Milliseconds that its threads were on the processor since it began. */
  processorMs(): number {
    const tasks = `/proc/${this.child.pid}/task`;
    const nanoseconds = readdirSync(tasks).map((task) =>
      Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]),
    );
    return nanoseconds.reduce((sum, value) => sum + value, 0) / 1e6;
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const gone = once(this.child, 'exit');
    this.child.kill(signal);
    await gone;
  }
}

/** Lets this process use both cores for a while. */
export async function unpinned<T>(run: () => Promise<T>): Promise<T> {
  spawnSync('taskset', ['-a', '-p', '-c', bothCores, String(process.pid)]);
  try {
    return await run();
  } finally {
    pinSelf();
  }
}
