import fc from 'fast-check';
import t from 'tap';
import { parseRange } from '../../src/http/range.js';

const range = (start: number, end: number) => ({ kind: 'range', start, end });

t.test('one range of bytes is read as RFC 9110 says', async (t) => {
  const cases: [string | undefined, number, object][] = [
    ['bytes=0-0', 10, range(0, 1)],
    ['bytes=0-9', 10, range(0, 10)],
    ['bytes=3-', 10, range(3, 10)],
    ['bytes=-3', 10, range(7, 10)],
    ['bytes=-30', 10, range(0, 10)],
    ['bytes=5-99', 10, range(5, 10)],
    ['BYTES=2-4', 10, range(2, 5)],
    ['bytes= 2-4 ', 10, range(2, 5)],
    ['bytes=,\t, 2-4,,', 10, range(2, 5)],
    ['bytes=007-008', 10, range(7, 9)],
    ['bytes=5-99999999999999999999999999', 10, range(5, 10)],
    ['bytes=-99999999999999999999999999', 10, range(0, 10)],
    ['bytes=9007199254740990-9007199254740991', 2 ** 53 - 1, range(2 ** 53 - 2, 2 ** 53 - 1)],
  ];
  for (const [header, size, expected] of cases)
    t.match(parseRange(header, size), expected, `${header} of ${size}`);
});

t.test('a range beyond the file cannot be satisfied', async (t) => {
  for (const header of [
    'bytes=10-',
    'bytes=10-20',
    'bytes=-0',
    'bytes=99999999999999999999-',
    'bytes=-0,10-',
  ]) {
    t.same(parseRange(header, 10), { kind: 'unsatisfiable' }, header);
  }
  t.same(parseRange('bytes=0-', 0), { kind: 'unsatisfiable' }, 'an empty file has no first byte');
});

t.test('several ranges of which one lies in the file ask for the whole', async (t) => {
  for (const header of ['bytes=0-1,4-5', 'bytes=0-1,0-1', 'bytes=0-1,99-', 'bytes=99-,0-1', 'bytes=-0,-1']) {
    t.same(parseRange(header, 10), { kind: 'whole' }, header);
  }
  t.same(parseRange('bytes=-5', 0), { kind: 'whole' }, 'the last bytes of an empty file');
});

t.test('what does not follow the grammar is as if it were not there', async (t) => {
  const headers = [
    undefined,
    '',
    'bytes',
    'bytes=',
    'bytes=,',
    'bytes=-',
    'bytes=5-2',
    'bytes=99999999999999999993-99999999999999999992',
    'bytes=a-b',
    'bytes=0x0-0x1',
    'bytes=1.5-2',
    'bytes=+1-2',
    'bytes=0 - 1',
    'bytes =0-1',
    'bytes=0-1;2-3',
    'bytes=0-1,x',
    'bytes=--1',
    'rows=0-1',
    'xbytes=0-1',
    'bytes:0-1',
  ];
  for (const header of headers) t.same(parseRange(header, 10), { kind: 'none' }, String(header));
});

t.test('any single range selects the bytes that slicing selects', async () => {
  fc.assert(
    fc.property(fc.nat(2000), fc.option(fc.nat(2500)), fc.option(fc.nat(2500)), (size, first, last) => {
      const got = parseRange(`bytes=${first ?? ''}-${last ?? ''}`, size);
      const bytes = Array.from({ length: size }, (_, at) => at);
      if (first === null && last === null) return got.kind === 'none';
      if (first !== null && last !== null && last < first) return got.kind === 'none';
      const wanted =
        first === null
          ? last === 0
            ? []
            : bytes.slice(-(last ?? 0))
          : bytes.slice(first, last === null ? size : last + 1);
      if (wanted.length > 0) {
        return got.kind === 'range' && got.start === wanted[0] && got.end - got.start === wanted.length;
      }
      return got.kind === 'unsatisfiable' || (got.kind === 'whole' && size === 0 && first === null);
    }),
    { numRuns: 3000 },
  );
});

t.test('any text gives an answer inside the file', async () => {
  const texts = fc.oneof(
    fc.string(),
    fc.stringMatching(/^bytes=[0-9, \t-]{0,40}$/),
    fc
      .array(fc.constantFrom('bytes', '=', '-', ',', ' ', '0', '9', '99999999999999999999'))
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(texts, fc.nat(1000), (header, size) => {
      const got = parseRange(header, size);
      return got.kind !== 'range' || (0 <= got.start && got.start < got.end && got.end <= size);
    }),
    { numRuns: 5000 },
  );
});
