import t from 'tap';
import { accessLog, printedAccessLog } from '../../src/http/access-log.js';
import type { Observer } from '../../src/http/exchanges.js';
import { exchange, listen, makeService, rawClient, recorder, until } from './service.js';

t.test('a line is printed as pino prints it', async (t) => {
  const { logger, lines } = recorder();
  const byPino = accessLog(logger);
  const printed: Record<string, unknown>[] = [];
  const byUs = printedAccessLog((line) => {
    t.match(line, /^[^\n]*\n$/);
    printed.push(JSON.parse(line));
  });
  const both: Observer = (...event) => {
    byPino(...event);
    byUs(...event);
  };
  const app = makeService(t, { POSENC_TRUSTED_PROXIES: '127.0.0.1' }, { logger, observe: both });
  app.get('/slow', (_request, reply) => {
    reply.hijack();
  });
  const port = await listen(app);
  lines.length = 0;
  for (const head of [
    'GET /v1/limits HTTP/1.1\r\nX-Request-Id: a.b-c_d',
    'GET /v1/limits?a="b\\c" HTTP/1.1\r\nX-Request-Id: "quoted"',
    'GET /no"th\\ing/%zz HTTP/1.1',
    'PROPFIND /v1/"limits" HTTP/1.1',
    'OPTIONS * HTTP/1.1',
    'GET /livez HTTP/1.1\r\nX-Forwarded-For: "strange\\client"',
  ])
    await exchange(port, `${head}\r\nHost: x\r\nConnection: close\r\n\r\n`);
  const left = rawClient(port, 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
  await new Promise((resolve) => setTimeout(resolve, 50));
  left.socket.destroy();
  await left.closed;
  await until(() => printed.length >= 7);
  const requests = lines.filter(({ msg }) => msg === 'request');
  t.equal(requests.length, 7);
  t.equal(requests.at(-1)?.aborted, true);
  t.same(
    printed.map((line) => ({ ...line, time: 0 })),
    requests.map((line) => ({ ...line, time: 0 })),
  );
  for (const { time } of printed) t.ok(Math.abs(Number(time) - Date.now()) < 60_000);
});
