import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { ClientLeft } from '../../src/http/client.js';
import { stream } from '../../src/http/send.js';
import { BlockPool } from '../../src/kernels/pool.js';
import { deliveryOf } from '../support/files.js';
import { plan, tables } from '../support/tables.js';
import { requestText } from '../support/wire.js';
import { until } from './service.js';

const blockBytes = 65_536;

t.test('blocks that are written to a connection that has just broken off come back', async (t) => {
  const pool = new BlockPool(blockBytes, 8);
  const blocks = 3;
  const file = plan('rope', { head_dim: 64, length: 256 * blocks, tensors: ['cos'] }, 'bin');
  const server = createServer().listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  const client = connect(typeof address === 'object' && address ? address.port : 0, '127.0.0.1');
  t.teardown(() => client.destroy());
  client.on('error', () => {});
  client.resume().write(requestText('GET', '/'));
  const [, response]: [unknown, ServerResponse] = (await once(server, 'request')) as never;
  const { socket } = response;

  const delivery = deliveryOf(file, tables);
  let reads = 0;
  const read: typeof delivery.read = async (...asked) => {
    await delivery.read(...asked);
    if (++reads < blocks) return;
    // All else has been done for a while when the connection breaks off, which it does not say at once.
    await sleep(50);
    socket?.destroy();
  };
  let closed = false;
  socket?.once('close', () => {
    closed = true;
  });
  const begin = () => response.writeHead(200, { 'Content-Length': file.layout?.byteLength });
  await t.rejects(stream({ ...delivery, read }, pool, response, begin, 0, blocks * blockBytes), ClientLeft);
  t.equal(reads, blocks);
  await until(() => closed && pool.leased === 0);
  t.equal(pool.leased, 0);
});
