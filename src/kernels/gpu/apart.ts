import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * Runs a script in a process of its own, so that a driver which hangs or crashes takes nothing along.
 * Resolves with null where it ends well, else with the reason: what it printed, or how it ended. Never rejects.
 */
export function whyNotApart(script: URL, timeoutMs: number): Promise<string | null> {
  const options = { timeout: timeoutMs, killSignal: 'SIGKILL' } as const;
  return new Promise((resolve) => {
    execFile(process.execPath, [fileURLToPath(script)], options, (error, stdout) => {
      if (error === null) resolve(null);
      else if (error.killed) resolve(`no answer within ${timeoutMs} ms`);
      else if (error.signal) resolve(`its process ended by ${error.signal}`);
      else resolve(stdout.trim() || error.message);
    });
  });
}
