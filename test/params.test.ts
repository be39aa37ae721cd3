import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { z } from 'zod';
import { checkParameters, decodeQuery, encodeQuery, encodeValue } from '../src/params.js';

fc.configureGlobal({ seed: 20260101 });

const schema = z.object({
  count: z.int().min(1).max(100),
  factor: z.number().default(2),
  flag: z.boolean().default(false),
  kind: z.enum(['near', 'far']).optional(),
  note: z.string().optional(),
  level: z.union([z.number(), z.enum(['low', 'high'])]).optional(),
  list: z.array(z.number()).min(1).optional(),
  names: z.array(z.enum(['cos', 'sin'])).optional(),
  matrix: z.array(z.array(z.number())).optional(),
  spans: z.array(z.object({ type: z.string(), length: z.int() })).optional(),
});

const decode = (query: string) => decodeQuery(schema, query);
const check = (query: string) => checkParameters(schema, decode(query));
const pointers = (query: string) => check(query).errors.map(({ pointer }) => pointer);
const details = (query: string) => check(query).errors.map(({ pointer, detail }) => `${pointer} ${detail}`);

/** Any finite number; a query knows no negative zero. */
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0);
const text = fc.string({ unit: 'binary' });

/** Lists have at least one element, as everywhere. */
const parameters = fc.record(
  {
    count: fc.integer(),
    factor: number,
    flag: fc.boolean(),
    kind: fc.constantFrom('near', 'far'),
    note: text,
    level: fc.oneof(number, fc.constantFrom('low', 'high')),
    list: fc.array(number, { minLength: 1 }),
    names: fc.array(fc.constantFrom('cos', 'sin'), { minLength: 1 }),
    matrix: fc.array(fc.array(number), { minLength: 1 }),
    spans: fc.array(fc.record({ type: text, length: fc.integer() }, { noNullPrototype: true }), {
      minLength: 1,
    }),
  },
  { requiredKeys: [], noNullPrototype: true },
);

t.test('a query gives back the parameters it was made of', async () => {
  fc.assert(
    fc.property(parameters, (params) => {
      const { values, errors } = decode(encodeQuery(params));
      assert.deepStrictEqual([{ ...values }, errors], [params, []]);
    }),
    { numRuns: 300 },
  );
});

t.test(
  'a query is written in the order of its parameters, commas as they are, the rest escaped',
  async (t) => {
    const params = { b: [1, 0.5, 1e21], a: 'x y&z=+%,', matrix: [[1, -2], [3]], flag: true, tiny: 5e-324 };
    t.equal(
      encodeQuery(params),
      'b=1,0.5,1e%2B21&a=x%20y%26z%3D%2B%25,&matrix=%5B%5B1,-2%5D,%5B3%5D%5D&flag=true&tiny=5e-324',
    );
    t.equal(encodeQuery({}), '');
    t.equal(encodeValue([{ type: 'text' }]), '[{"type":"text"}]');
  },
);

t.test('a number is what JSON takes for one, nothing else', async (t) => {
  const isJson = (value: string) => {
    try {
      return typeof JSON.parse(value) === 'number' && value === value.trim();
    } catch {
      return false;
    }
  };
  const spelling = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'0123456789+-.eE xn'), maxLength: 8 }),
    fc.tuple(fc.double(), fc.nat(20)).map(([x, digits]) => x.toExponential(digits)),
    fc.integer().map((n) => n.toFixed(3)),
  );
  let [numbers, others] = [0, 0];
  fc.assert(
    fc.property(spelling, (value) => {
      const { values, errors } = decode(`factor=${encodeURIComponent(value)}`);
      if (isJson(value)) {
        numbers++;
        assert.deepStrictEqual([values.factor, errors], [JSON.parse(value), []]);
      } else {
        others++;
        const detail = 'must be a number, written as in JSON';
        assert.deepStrictEqual([{ ...values }, errors], [{}, [{ pointer: '#/factor', detail }]]);
      }
    }),
    { numRuns: 500 },
  );
  t.ok(numbers > 100 && others > 100, `${numbers} numbers, ${others} others`);
  for (const value of [
    '',
    '%20',
    '0x40',
    '64abc',
    '+1',
    '.5',
    '5.',
    '01',
    '1e',
    'NaN',
    'Infinity',
    '١',
    'null',
  ]) {
    t.same(pointers(`count=1&factor=${value}`), ['#/factor'], value);
  }
  t.same(pointers('count=1&factor=1e400'), ['#/factor'], 'larger than any float64');
});

t.test('true and false are the booleans', async (t) => {
  t.equal(decode('flag=true').values.flag, true);
  t.equal(decode('flag=false').values.flag, false);
  for (const value of ['', '1', '0', 'True', 'yes', 'null']) {
    t.same(details(`count=1&flag=${value}`), ['#/flag must be true or false'], value);
  }
});

t.test('names and values are decoded as forms are: a plus is a blank, %2B is a plus', async (t) => {
  t.equal(decode('note=a+b%20c%2Bd').values.note, 'a b c+d');
  t.equal(decode('n%6Fte=%E2%82%AC').values.note, '€');
  t.equal(decode('note=a=b').values.note, 'a=b', 'only the first sign of equality divides');
  t.equal(decode('note').values.note, '');
  t.same({ ...decode('').values }, {});
  for (const query of ['note=%', 'note=%zz', 'note=%FF', '%C3=1']) {
    t.throws(() => decode(query), { code: 'bad_url' }, query);
  }
});

t.test('a name that is given twice is wrong, whatever its values', async (t) => {
  t.same(details('count=1&count=1'), ['#/count is given more than once']);
  t.same(details('count=1&n%6Fte=a&note=b'), ['#/note is given more than once']);
  t.same(pointers('count=1&bogus=1&bogus=2'), ['#/bogus'], 'one entry a field');
});

t.test('a flat list is divided by commas, and its wrong elements are counted from 0', async (t) => {
  t.same(decode('list=1,2.5,-3e2').values.list, [1, 2.5, -300]);
  t.same(decode('list=7').values.list, [7]);
  t.same(decode('names=sin,cos').values.names, ['sin', 'cos']);
  t.same(details('count=1&list='), ['#/list must have at least one element']);
  t.same(details('count=1&list=1,,2'), ['#/list element 1 must be a number, written as in JSON']);
  t.same(details('count=1&list=1,2,'), ['#/list element 2 must be a number, written as in JSON']);
  t.same(details('count=1&list=[1,2]'), ['#/list element 0 must be a number, written as in JSON']);
  t.same(pointers('count=1&names=cos,tan'), ['#/names/1']);
});

t.test('what is deeper than a list is one JSON text', async (t) => {
  t.same(decode('matrix=[[1,2],[3]]').values.matrix, [[1, 2], [3]]);
  t.same(pointers('count=1&matrix=[[1,%22x%22]]'), ['#/matrix/0/1']);
  t.same(pointers('count=1&spans=[{%22type%22:%22text%22}]'), ['#/spans/0/length']);
  for (const value of ['', '1,2', '[[1,2]', '[[NaN]]']) {
    t.same(details(`count=1&matrix=${value}`), ['#/matrix must be JSON'], value);
  }
});

t.test('where a number or a word may stand, a number is one', async (t) => {
  t.strictSame(decode('level=12').values.level, 12);
  t.strictSame(decode('level=low').values.level, 'low');
  t.same(pointers('count=1&level=0x40'), ['#/level']);
});

t.test('every wrong field is named once, and what is right is kept with its defaults', async (t) => {
  const { values, errors } = check('count=0&flag=maybe&kind=far&bogus=1&a/b~c=2');
  t.same(errors.map(({ pointer }) => pointer).sort(), ['#/a~1b~0c', '#/bogus', '#/count', '#/flag']);
  t.strictSame(values, { factor: 2, flag: false, kind: 'far' });
  t.same(details(''), ['#/count is required']);
  t.same(pointers('count=x'), ['#/count'], 'a value that cannot be read is not also missing');
});

t.test('names that every object has are unknown names', async (t) => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
  t.same(
    pointers(`count=1&${names.map((name) => `${name}=1`).join('&')}`).sort(),
    names.map((n) => `#/${n}`).sort(),
  );
  const body = JSON.parse('{"count": 1, "__proto__": {"flag": true}}');
  const { values, errors } = checkParameters(schema, { values: body, errors: [] });
  t.same(
    errors.map(({ pointer }) => pointer),
    ['#/__proto__'],
  );
  t.strictSame(values, { count: 1, factor: 2, flag: false });
});

t.test('nothing between two ampersands is nothing', async (t) => {
  t.same(decode('&count=1&&flag=true&').values, decode('count=1&flag=true').values);
  t.same(pointers('count=1&'), []);
  t.same(pointers('count=1&=2'), ['#/'], 'a value without a name has one that nobody knows');
});
