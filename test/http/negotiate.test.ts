import fc from 'fast-check';
import t from 'tap';
import { acceptsGzip, chooseFormat } from '../../src/http/negotiate.js';

const offers = [
  { name: 'json', mediaType: 'application/json' },
  { name: 'npy', mediaType: 'application/x-npy' },
  { name: 'safetensors', mediaType: 'application/vnd.safetensors' },
  { name: 'bin', mediaType: 'application/octet-stream' },
  { name: 'csv', mediaType: 'text/csv' },
] as const;

t.test('Accept chooses by weight, then by how specific a range is, then by order', async (t) => {
  const cases: [string | undefined, string | null][] = [
    [undefined, 'json'],
    ['', 'json'],
    ['*/*', 'json'],
    ['application/json', 'json'],
    ['APPLICATION/X-NPY', 'npy'],
    ['text/*', 'csv'],
    ['application/*', 'json'],
    ['application/x-npy, application/json', 'npy'],
    ['application/json, application/x-npy', 'json'],
    ['*/*, application/vnd.safetensors', 'safetensors'],
    ['application/x-npy;q=0.5, text/csv;q=0.6', 'csv'],
    ['application/x-npy;q=0, */*', 'json'],
    ['application/json;q=0, */*', 'npy'],
    ['application/json;q=0, application/*', 'npy'],
    ['application/*;q=0.9, application/json;q=0.1, text/csv;q=0.5', 'npy'],
    ['text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8', 'json'],
    ['application/json; charset=utf-8', 'json'],
    ['application/json;q=0.3;ext=1, text/csv;q=0.2', 'json'],
    ['application/json;profile="a,b;q=0", text/csv;q=0.1', 'csv'],
    ['image/png', null],
    ['*/*;q=0', null],
    ['application/json;q=0', null],
    ['application/json;version=2', 'json'],
  ];
  for (const [accept, expected] of cases) t.equal(chooseFormat(accept, offers), expected, String(accept));
});

t.test('members of Accept that cannot be read are passed over', async (t) => {
  const cases: [string, string | null][] = [
    ['nonsense, text/csv', 'csv'],
    ['*/json, text/csv', 'csv'],
    ['application/json;q=2, text/csv;q=0.1', 'csv'],
    ['application/json;q=0.1234, text/csv;q=0.1', 'csv'],
    ['application/json;q=, text/csv', 'csv'],
    [',,, text/csv ,', 'csv'],
    ['text/csv;', 'csv'],
    ['nonsense', 'json'],
    ['"', 'json'],
  ];
  for (const [accept, expected] of cases) t.equal(chooseFormat(accept, offers), expected, accept);
});

t.test('a generated Accept gives the offer of the highest weight', async () => {
  const weights = fc.array(fc.nat(1000), { minLength: offers.length, maxLength: offers.length });
  fc.assert(
    fc.property(weights, fc.constantFrom('', ' ', '\t'), (thousandths, blank) => {
      const accept = offers
        .map(
          ({ mediaType }, i) => `${mediaType}${blank};${blank}q=${((thousandths[i] ?? 0) / 1000).toFixed(3)}`,
        )
        .join(`${blank},${blank}`);
      const highest = Math.max(...thousandths);
      const expected = highest === 0 ? null : offers[thousandths.indexOf(highest)]?.name;
      return chooseFormat(accept, offers) === expected;
    }),
  );
});

t.test('any Accept gives an offer or none', async () => {
  const parts = fc.constantFrom(
    'application',
    '/',
    'json',
    '*',
    ';',
    'q=',
    '0',
    '1',
    '.5',
    ',',
    '"',
    '\\',
    ' ',
    'text/csv',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(parts).map((list) => list.join('')),
      ),
      (accept) => {
        const chosen = chooseFormat(accept, offers);
        return chosen === null || offers.some(({ name }) => name === chosen);
      },
    ),
    { numRuns: 5000 },
  );
});

t.test('the longest header is read in linear time', async (t) => {
  const started = performance.now();
  for (const unit of [' ', '\t', ',', '"', '\\', ';', 'q=', 'a/b;q=0.1,', '"\\']) {
    const header = `a${unit.repeat(Math.floor(32_768 / unit.length))}b`;
    chooseFormat(header, offers);
    acceptsGzip(header);
  }
  t.ok(performance.now() - started < 1000);
});

t.test('gzip is used where the client lists it and does not prefer identity', async (t) => {
  const yes = [
    'gzip',
    'x-gzip',
    'GZIP',
    'gzip, deflate, br',
    '*',
    'gzip;q=0.1',
    'gzip; q=1.0',
    'identity;q=0, gzip',
    '*;q=0.5',
    'identity;q=0.5, gzip;q=0.5',
    'br;q=1, gzip;q=0.1',
  ];
  const no = [
    undefined,
    '',
    'identity',
    'br',
    'gzip;q=0',
    'gzip;q=0.000',
    '*;q=0',
    'gzip;q=0, *',
    'identity, gzip;q=0.5',
    'gzip;q=2',
    'gzip;level=9',
    'gzipped',
  ];
  for (const header of yes) t.equal(acceptsGzip(header), true, header);
  for (const header of no) t.equal(acceptsGzip(header), false, String(header));
});
