import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { SmallBody, textBody } from '../../src/http/bodies.js';
import { plan, tables } from '../support/tables.js';

t.test('a body that is kept holds no more memory than its bytes, compressed or not', async (t) => {
  const file = plan('alibi-slopes', { num_heads: 2 }, 'json');
  const printed = textBody(file, tables.reader(file.table), 65_536);
  if (printed.kind !== 'whole') throw new Error('a table of two numbers is short');
  const { body } = printed;
  t.equal(JSON.parse(body.toString()).encoding, 'alibi-slopes');
  t.equal(body.buffer.byteLength, body.length);

  const small = new SmallBody(body);
  const { gzip } = small;
  t.ok(gunzipSync(gzip).equals(body));
  t.equal(gzip.buffer.byteLength, gzip.length);
  t.equal(small.gzip, gzip, 'made once');
  t.ok(small.weight(true) >= body.length + gzip.length);
  t.ok(small.weight(false) >= body.length);
});

t.test('a text beyond the limit comes in pieces, from its first character on', async (t) => {
  const file = plan('alibi-slopes', { num_heads: 64 }, 'csv');
  const whole = textBody(file, tables.reader(file.table), 65_536);
  const long = textBody(file, tables.reader(file.table), 10);
  if (whole.kind !== 'whole' || long.kind !== 'long') throw new Error('10 characters hold no 64 numbers');
  t.equal([...long.pieces].join(''), whole.body.toString());
});
