import Fastify from 'fastify';

/**
 * What posenc's HTTP is compared with, on the same core: a bare Fastify that says hello, and the plainest way to
 * send many bytes with it, one block of zeros again and again. `--log` turns Fastify's own log on.
 */
const block = new Uint8Array(524_288);

const texts = new Map<number, string>();
function made(length: number): string {
  const text = JSON.stringify('x'.repeat(length - 2));
  texts.set(length, text);
  return text;
}

const app = Fastify({ logger: process.argv.includes('--log') });

const etag = '"0123456789abcdef"';

app.get('/hello', async (request, reply) => {
  if (request.headers['if-none-match'] === etag) return reply.code(304).header('etag', etag).send();
  return { hello: 'world' };
});

app.get<{ Params: { bytes: string } }>('/text/:bytes', async (request, reply) => {
  const length = Number(request.params.bytes);
  return reply.header('content-type', 'application/json').send(texts.get(length) ?? made(length));
});

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
