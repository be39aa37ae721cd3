import type { Random } from '../random.js';

/** What is sent on a connection of its own, as it is; then the connection is half closed. */
const texts = [
  '',
  '\r\n\r\n',
  '\x00\x00\x00\x00',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'GET',
  'GET /',
  'GET / HTTP/1.1',
  'GET / HTTP/1.1\r\n',
  'GET / HTTP/1.1\r\nHost: x\r\n',
  'GET /livez\r\n\r\n',
  'GET /livez HTTP/0.9\r\n\r\n',
  'GET /livez HTTP/1.0\r\n\r\n',
  'GET /v1/tables/rope.json?head_dim=128&length=16 HTTP/1.0\r\n\r\n',
  'GET /v1/tables/rope.npy?head_dim=128&length=1000&tensors=cos HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
  'GET /livez HTTP/1.1\r\n\r\n',
  'GET /livez HTTP/1.1\nHost: x\n\n',
  'GET /livez HTTP/1.1\r\nHost: x\r\nHost: y\r\nConnection: close\r\n\r\n',
  'GET  /livez  HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET /a b HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'GET //livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'GET ///x/../livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'GET * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'GET http://x:99999/livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'GET http://[::1/livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'GET javascript:alert(1) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n',
  'get /livez HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET /livez HTTP/1.1\r\nHost: x\r\n folded: 1\r\n\r\n',
  'GET /livez HTTP/1.1\r\nHost: x\r\n: novalue\r\n\r\n',
  'GET /livez HTTP/1.1\r\nHost: x\r\nA: b\r\rC: d\r\n\r\n',
  'POST /v1/tables/rope HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{}',
  'POST /v1/tables/rope HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n{}GET /',
  'POST /v1/tables/rope HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
  'POST /v1/tables/rope HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 2\r\n\r\nab',
  'POST /v1/tables/rope HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}',
  'POST /v1/tables/rope HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n{}',
  'POST /v1/tables/rope HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}',
  'POST /v1/tables/rope HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n{}',
  'POST /v1/tables/rope HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n',
  'POST /v1/tables/rope HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n',
  'POST /v1/tables/rope HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n0\r\n\r\n',
  'POST /v1/tables/rope HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n',
  'POST /v1/tables/rope HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 9999999\r\n\r\n',
  `GET /${'a'.repeat(70_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  `GET /livez HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(3000)}\r\n`,
  'GET /v1/tables/rope.npy?head_dim=\xff\xfe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'GET /v1/limits#fragment HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
] as const;

/** A request that breaks HTTP itself, or goes to its edge: one of a list, or a right one with wrong bytes in it. */
export function garbageText(right: string, random: Random): string {
  if (random.chance(0.6)) return random.pick(texts);
  const bytes = [...right];
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    const at = random.below(bytes.length + 1);
    const byte = String.fromCharCode(random.below(256));
    if (random.chance(0.3)) bytes.length = at;
    else if (random.chance(0.5)) bytes.splice(at, 1, byte);
    else bytes.splice(at, 0, byte);
  }
  return bytes.join('');
}
