import type { Random } from '../random.js';

export type Header = readonly [name: string, value: string];

const tag = `"${'0'.repeat(64)}"`;

/** Values of headers that never turn a right request into a wrong one. */
const harmless: Readonly<Record<string, readonly string[]>> = {
  Range: [
    'bytes=0-0',
    'bytes=0-99',
    'bytes=1-1000000',
    'bytes=0-',
    'bytes=-1',
    'bytes=-0',
    'bytes=10-19',
    'bytes=100-99',
    'bytes=0-0,-1',
    'bytes=0-1, 2-3,,',
    'bytes=,',
    'bytes=-',
    'bytes=0x0-1',
    'bytes=9007199254740993-',
    `bytes=${'9'.repeat(400)}-${'9'.repeat(401)}`,
    `bytes=${'0-0,'.repeat(500)}`,
    'BYTES=0-3',
    'bytes = 0-3',
    'items=0-3',
    '',
  ],
  'If-None-Match': ['*', tag, `W/${tag}`, `${tag}, "b"`, '"', ',', 'x', '', `${'"a",'.repeat(300)}`],
  'If-Range': [tag, `W/${tag}`, 'Sat, 29 Oct 1994 19:43:31 GMT', '*', ''],
  'If-Modified-Since': ['Sat, 29 Oct 1994 19:43:31 GMT', 'never'],
  'Accept-Encoding': ['gzip', 'gzip;q=0', 'br, gzip;q=0.5', '*', 'identity;q=0', ';;;', 'gzip;q=9', ''],
  'X-Request-Id': ['abc', 'a b', 'x'.repeat(65), '$(id)', '\xff\xfe', '{"a":1}', ''],
  Origin: ['null', 'https://example.org', 'x', ''],
  'Access-Control-Request-Method': ['GET', 'DELETE'],
  'User-Agent': ['', 'curl/8', '\x80'.repeat(200)],
  Cookie: [`a=${'b'.repeat(3000)}`],
  'X-Forwarded-For': ['10.0.0.1', 'x', '::1, ::2'],
  'X-Forwarded-Host': ['evil.example'],
  'X-Forwarded-Proto': ['javascript'],
  'X-HTTP-Method-Override': ['DELETE'],
  Upgrade: ['h2c', 'websocket'],
  Prefer: ['return=minimal'],
  ['__proto__']: ['1'],
  constructor: ['1'],
};

/** Values of headers that decide about the answer. */
const deciding: Readonly<Record<string, readonly string[]>> = {
  Accept: [
    '*/*',
    'application/json',
    'text/csv',
    'application/x-npy',
    'application/vnd.safetensors, */*;q=0.1',
    'application/octet-stream;q=0.5, application/x-npz;q=0.5',
    'application/json;q=0',
    '*/*;q=0',
    'text/html',
    'application/json;q=2',
    'application/json;charset="utf-8',
    '*/json',
    'a/b/c;;;,,,"',
    'x'.repeat(4000),
    '',
  ],
  'If-Match': ['*', tag, `W/${tag}`, 'x', ''],
  Expect: ['100-continue', '100-Continue', '200-ok', ''],
  'Content-Type': ['text/plain', 'application/json', ''],
  'Content-Encoding': ['gzip', 'identity', 'x'],
  Host: ['', 'a b', 'x'.repeat(300), '[::1', 'evil.example'],
  TE: ['trailers'],
  'X-A': ['a'.repeat(40_000), '\x00', '\x01', 'a\tb'],
  'Bad Name': ['1'],
};

/** Those that the service reads; a range counts in few places, so it is asked for often. */
const read = [
  'Range',
  'Range',
  'Range',
  'If-None-Match',
  'If-Range',
  'Accept-Encoding',
  'Accept',
  'If-Match',
  'Expect',
];

function some(pool: Readonly<Record<string, readonly string[]>>, most: number, random: Random): Header[] {
  const all = Object.keys(pool);
  const likely = read.filter((name) => name in pool);
  const names = [...all, ...likely, ...likely, ...likely];
  return Array.from({ length: 1 + random.below(most) }, () => {
    const name = random.pick(names);
    return [random.chance(0.1) ? name.toLowerCase() : name, random.pick(pool[name] ?? [''])];
  });
}

/** Header fields that leave a right request right: at worst the answer is 304, 206 or 416. */
export function harmlessHeaders(random: Random): Header[] {
  const chosen = some(harmless, 3, random);
  // The same name twice would be another request.
  return chosen.filter(
    ([name], i) => chosen.findIndex(([other]) => other.toLowerCase() === name.toLowerCase()) === i,
  );
}

/** Header fields of any kind, some of them twice. */
export function oddHeaders(random: Random): Header[] {
  return [...some(deciding, 2, random), ...(random.chance(0.5) ? some(harmless, 3, random) : [])];
}
