import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { bothCores, Server } from './processes.js';

/** Memory that is a file system. */
const memory = '/dev/shm';
const pieceBytes = 2 ** 20;

/** nginx serving one ready file from memory with sendfile. */
export interface NginxPeer {
  readonly server: Server;
  readonly stop: () => Promise<void>;
}

const configuration = (directory: string, port: number) => `
daemon off;
worker_processes 1;
pid ${directory}/pid;
error_log stderr error;
events { worker_connections 256; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  default_type application/octet-stream;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${directory}/${name};`).join(' ')}
  server { listen 127.0.0.1:${port}; root ${directory}; }
}
`;

/** Why there can be no nginx, or null. */
export function whyNoNginx(): string | null {
  return spawnSync('nginx', ['-v']).error ? 'nginx is not installed' : null;
}

/** nginx with a file of that many bytes at /file, by default on whatever core it likes. */
export async function startNginx(bytes: number, cores = bothCores): Promise<NginxPeer> {
  const directory = mkdtempSync(join(memory, 'posenc-bench-'));
  // Its worker is another user.
  chmodSync(directory, 0o755);
  const file = openSync(join(directory, 'file'), 'w');
  const piece = new Uint8Array(pieceBytes).fill(1);
  for (let left = bytes; left > 0; left -= pieceBytes) writeSync(file, piece, 0, Math.min(left, pieceBytes));
  closeSync(file);
  const config = join(directory, 'nginx.conf');
  const server = await Server.run(
    (port) => {
      writeFileSync(config, configuration(directory, port));
      return ['nginx', '-c', config];
    },
    { cores },
  );
  return {
    server,
    stop: async () => {
      await server.stop('SIGTERM');
      rmSync(directory, { recursive: true });
    },
  };
}
