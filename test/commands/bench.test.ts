import t from 'tap';
import { selfTestCases } from '../../src/kernels/self-test-cases.js';
import { revision } from '../../src/revision.js';
import { posenc } from '../support/command-line.js';

t.test(
  'bench --backends --json has every mode with what was measured, or the reason why it was not',
  async (t) => {
    const { code, stdout, stderr } = await posenc(['bench', '--backends', '--json']);
    t.same([code, stderr], [0, '']);
    const { revision: told, backends } = JSON.parse(stdout.toString());
    t.equal(told, revision);
    const modes = backends.flatMap((backend: { name: string; other_modes: object[] }) => [
      backend,
      ...backend.other_modes.map((mode) => ({ name: backend.name, ...mode })),
    ]);
    t.same(modes.map(({ name, mode }: { name: string; mode: string | null }) => [name, mode]).sort(), [
      ['gpu', 'cpu'],
      ['gpu', 'headlessgl'],
      ['gpu', 'webasm'],
      ['gpu', 'webgpu'],
      ['js', null],
      ['wasm', 'simd'],
    ]);
    for (const { name, mode, state, reason, self_test } of modes) {
      t.ok(state === 'offered' || reason, `${name} ${mode}: ${reason}`);
      t.ok(state === 'unavailable' || self_test.length > 0, 'what works is measured');
      for (const { gb_per_s, differing, max_ulp } of self_test) {
        t.ok(gb_per_s > 0);
        t.equal(max_ulp > 0, differing > 0);
      }
    }
  },
);

t.test('bench --backends prints a line a table and a line a mode', async (t) => {
  const { code, stdout } = await posenc(['bench', '--backends']);
  t.equal(code, 0);
  const [speeds = '', states = ''] = stdout.toString().split('\n\n');
  const [head = '', ...rows] = speeds.split('\n');
  t.match(head, /^GB\/s +js +wasm .*gpu webasm .*gpu cpu$/);
  t.equal(rows.length, selfTestCases().length);
  t.match(rows[0], /^float32 angles +f32 +[\d.]+ +[\d.]+ .*[\d.]+ \(1 ulp\)/);
  t.match(states, /^js +offered +TypeScript\nwasm +simd +offered/);
  t.match(states, /^gpu +headlessgl +(offered|unused|unavailable) +./m);
});

t.test('bench says what is missing or wrong', async (t) => {
  for (const [argv, message] of [
    [[], '--backends is missing'],
    [['--backend'], '--backend: there are only --backends and --json'],
  ] as const) {
    const { code, stderr } = await posenc(['bench', ...argv]);
    t.equal(code, 2);
    t.match(stderr, message);
  }
});
