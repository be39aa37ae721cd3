import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * Runs a script in a process of its own, so that a driver which hangs or crashes takes nothing along. Resolves with
 * what it prints where it ends well; else rejects with an Error that gives the reason: what it printed, or how it
 * ended.
 */
export function runApart(script: URL, args: readonly string[], timeoutMs: number): Promise<string> {
  const options = { timeout: timeoutMs, killSignal: 'SIGKILL' } as const;
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [fileURLToPath(script), ...args], options, (error, stdout) => {
      if (error === null) resolve(stdout);
      else if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER')
        reject(new Error('its process printed errors without end'));
      else if (error.killed) reject(new Error(`no answer within ${timeoutMs} ms`));
      else if (error.signal) reject(new Error(`its process ended by ${error.signal}`));
      else reject(new Error(stdout.trim() || error.message));
    });
  });
}
