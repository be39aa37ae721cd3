import Fastify from 'fastify';

/**
 * What posenc's HTTP is compared with, on the same core: a bare Fastify that says hello, and the plainest way to
 * send many bytes with it, one block of zeros again and again. `--log` turns Fastify's own log on.
 */
const block = new Uint8Array(524_288);

const app = Fastify({ logger: process.argv.includes('--log') });

app.get('/hello', async () => ({ hello: 'world' }));

app.get<{ Params: { bytes: string } }>('/zeros/:bytes', (request, reply) => {
  const total = Number(request.params.bytes);
  reply.hijack();
  const response = reply.raw;
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': total });
  let sent = 0;
  const send = () => {
    if (sent >= total) {
      response.end();
      return;
    }
    const size = Math.min(block.length, total - sent);
    sent += size;
    response.write(block.subarray(0, size), () => setImmediate(send));
  };
  send();
  send();
});

await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
