import fc from 'fast-check';
import t from 'tap';
import { evaluatePreconditions, parseEntityTags, rangeApplies } from '../../src/http/conditional.js';

const etag = '"abc"';
const evaluate = (method: string, ifMatch?: string, ifNoneMatch?: string) =>
  evaluatePreconditions({ method, ifMatch, ifNoneMatch }, etag);

t.test('lists of entity tags are read with commas inside quotes', async (t) => {
  t.same(parseEntityTags('"a"'), [{ weak: false, tag: '"a"' }]);
  t.same(parseEntityTags(' W/"a" ,"b,c",, "" '), [
    { weak: true, tag: '"a"' },
    { weak: false, tag: '"b,c"' },
    { weak: false, tag: '""' },
  ]);
  t.equal(parseEntityTags('*'), '*');
  t.equal(parseEntityTags(' * '), '*');
  t.same(parseEntityTags('abc, w/"a", "open'), [], 'nothing of this is an entity tag');
  t.same(parseEntityTags('abc, "b"'), [{ weak: false, tag: '"b"' }], 'a bad member hides no other');
  t.same(parseEntityTags('"a" "b", "c"'), [{ weak: false, tag: '"c"' }]);
  t.same(parseEntityTags('"a", *'), [{ weak: false, tag: '"a"' }]);
});

t.test('If-None-Match compares weakly: 304 for GET and HEAD, 412 for others', async (t) => {
  for (const header of ['"abc"', 'W/"abc"', '*', '"x", "abc"', '"x","y", W/"abc"']) {
    t.equal(evaluate('GET', undefined, header), 'not_modified', header);
    t.equal(evaluate('HEAD', undefined, header), 'not_modified', header);
    t.equal(evaluate('POST', undefined, header), 'precondition_failed', header);
  }
  for (const header of ['"ab"', 'abc', '"ABC"', '"abc-gzip"', '', '"x"']) {
    t.equal(evaluate('GET', undefined, header), 'proceed', header);
  }
});

t.test('If-Match compares strongly and fails with 412', async (t) => {
  for (const header of ['"abc"', '*', '"x", "abc"']) t.equal(evaluate('GET', header), 'proceed', header);
  for (const header of ['W/"abc"', '"x"', 'abc', ''])
    t.equal(evaluate('GET', header), 'precondition_failed', header);
});

t.test('If-Match is evaluated before If-None-Match', async (t) => {
  t.equal(evaluate('GET', '"x"', '"abc"'), 'precondition_failed');
  t.equal(evaluate('GET', '"abc"', '"abc"'), 'not_modified');
  t.equal(evaluate('GET'), 'proceed');
});

t.test('If-Range lets a Range count only beside the same strong tag', async (t) => {
  for (const header of [undefined, '"abc"', ' "abc" '])
    t.equal(rangeApplies(header, etag), true, String(header));
  for (const header of ['W/"abc"', '"x"', '', '*', '"abc", "x"', 'Sat, 29 Oct 1994 19:43:31 GMT']) {
    t.equal(rangeApplies(header, etag), false, header);
  }
});

t.test('any list that was written is read back', async () => {
  const tag = fc.record({
    weak: fc.boolean(),
    tag: fc.stringMatching(/^[\x21\x23-\x7e]{0,8}$/).map((opaque) => `"${opaque}"`),
  });
  const separator = fc.constantFrom(',', ', ', ' ,\t', ',,', ' , ,');
  fc.assert(
    fc.property(fc.array(tag, { maxLength: 6 }), separator, (tags, between) => {
      const header = tags.map(({ weak, tag }) => (weak ? `W/${tag}` : tag)).join(between);
      const read = parseEntityTags(header);
      return JSON.stringify(read) === JSON.stringify(tags);
    }),
    { numRuns: 2000 },
  );
});

t.test('any text gives a verdict, and never one the tag does not support', async () => {
  const parts = fc.constantFrom('"abc"', 'W/', '"', ',', ' ', '*', 'abc', '\\', '"x"');
  const text = fc.oneof(
    fc.string(),
    fc.array(parts).map((list) => list.join('')),
  );
  fc.assert(
    fc.property(text, text, (ifMatch, ifNoneMatch) => {
      const star = ifNoneMatch.trim() === '*';
      const verdict = evaluate('GET', undefined, ifNoneMatch);
      if (verdict === 'not_modified' && !star && !ifNoneMatch.includes(etag)) return false;
      return evaluate('GET', ifMatch) === 'proceed' ? ifMatch.includes(etag) || ifMatch.trim() === '*' : true;
    }),
    { numRuns: 5000 },
  );
});
