import type { BackendReport, ModeReport } from '../kernels/index.js';
import type { SelfTest } from '../kernels/self-test.js';
import { measureBackends } from '../kernels/start.js';
import { revision } from '../revision.js';
import { sendTo } from './output.js';
import { type Command, UsageError } from './usage.js';

/** A mode of a backend, as a column of the table. */
interface Column {
  readonly title: string;
  readonly report: ModeReport;
}

function columnsOf(backends: readonly BackendReport[]): Column[] {
  return backends.flatMap((backend) =>
    [backend, ...backend.other_modes]
      .filter(({ self_test }) => self_test.length > 0)
      .map((report) => ({
        title: backend.name === 'gpu' ? `gpu ${report.mode}` : backend.name,
        report,
      })),
  );
}

/** `1.52`, and where bytes differ how far at most: `0.31 (2 ulp)`. */
function cell(test: SelfTest | undefined): string {
  if (!test) return '-';
  const { gb_per_s, differing, max_ulp } = test;
  return differing === 0 ? `${gb_per_s}` : `${gb_per_s} (${max_ulp?.toLocaleString('en') ?? '∞'} ulp)`;
}

function alignRight(rows: readonly (readonly string[])[], left: number): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const line = (row: readonly string[]) =>
    row.map((text, i) => (i < left ? text.padEnd(widths[i]!) : text.padStart(widths[i]!))).join('  ');
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('');
}

/** GB/s of every table of the self-test in every mode, side by side. */
function speeds(backends: readonly BackendReport[]): string {
  const columns = columnsOf(backends);
  const key = ({ table, dtype }: SelfTest) => `${table} ${dtype}`;
  // TypeScript, the first, computes every table.
  const rows = (backends[0]?.self_test ?? []).map((test) => [
    test.table,
    test.dtype,
    ...columns.map(({ report }) => cell(report.self_test.find((other) => key(other) === key(test)))),
  ]);
  return alignRight([['GB/s', '', ...columns.map(({ title }) => title)], ...rows], 2);
}

/** A line a mode: what it is, whether it is offered, and why not. */
function states(backends: readonly BackendReport[]): string {
  const rows = backends.flatMap((backend) =>
    [backend, ...backend.other_modes]
      .filter(({ mode, device }) => mode !== null || device !== null)
      .map(({ mode, device, renderer, state, reason }) => [
        backend.name,
        mode ?? '',
        state,
        [device ?? renderer?.name, reason].filter((part) => part).join(': '),
      ]),
  );
  return alignRight(rows, 4);
}

export const benchCommand: Command = {
  name: 'bench',
  usage: 'posenc bench --backends [--json]',
  summary: 'Test and time every backend and mode that works on this machine, renderers in software too.',
  async run(argv, { stdout }) {
    const wrong = argv.find((argument) => argument !== '--backends' && argument !== '--json');
    if (wrong !== undefined) throw new UsageError(`${wrong}: there are only --backends and --json`);
    if (!argv.includes('--backends')) throw new UsageError('--backends is missing');
    const backends = await measureBackends();
    const text = argv.includes('--json')
      ? `${JSON.stringify({ revision, backends }, null, 2)}\n`
      : `${speeds(backends)}\n${states(backends)}`;
    await sendTo(stdout)(text);
    return 0;
  },
};
