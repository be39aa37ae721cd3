import { download } from './client.js';

/** Downloads tables of 1 GiB, so many at a time, until it is ended: `crowd-clients.js PORT CLIENTS`. */
const [port, clients] = process.argv.slice(2).map(Number);

const path = '/v1/tables/rope.safetensors?head_dim=128&length=1048576&rope_theta=';
let theta = 30_000;

for (let i = 0; i < clients!; i++) {
  const again = async (): Promise<never> => {
    for (;;) await download(port!, `${path}${theta++}`);
  };
  void again();
}
