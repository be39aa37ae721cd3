import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

/** Servers run on one core and everything that measures on the other. */
const serverCore = '0';
const clientCore = '1';

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

/** A server in a process of its own, alone on its core. */
export class Server {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
  ) {}

  /** Runs a script of dist/ with PORT set to a free one. Its log goes to /dev/null. */
  static async start(script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Server> {
    const port = await freePort();
    const path = fileURLToPath(new URL(`../${script}`, import.meta.url));
    const child = spawn('taskset', ['-c', serverCore, process.execPath, path, ...args], {
      env: { ...process.env, HOST: '127.0.0.1', ...env, PORT: String(port) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await untilListening(port, child);
    return new Server(child, port);
  }

  /** posenc with its default settings and `env`. */
  static posenc(env: NodeJS.ProcessEnv = {}): Promise<Server> {
    return Server.start('src/cli.js', ['serve'], env);
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

  async stop(): Promise<void> {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}
