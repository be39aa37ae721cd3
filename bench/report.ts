import { readFileSync } from 'node:fs';
import { cpus, getPriority, totalmem } from 'node:os';
import { revision } from '../src/revision.js';

/** What was asked for, and what came out. */
export interface Demand {
  readonly what: string;
  readonly measured: string;
  /** null where there is nobody to compare with. */
  readonly met: boolean | null;
  /** What was reached over what was asked for, the more the better; for the figure. */
  readonly ratio?: number;
}

/** The result of one benchmark. */
export interface Section {
  readonly title: string;
  /** How it was measured, in sentences. */
  readonly method: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly demands?: readonly Demand[];
}

/** The section of a benchmark whose peer is absent. */
export function noPeer(name: string, reason: string, demands: readonly { readonly what: string }[]): Section {
  console.error(`${name}: left out, because ${reason}`);
  return {
    title: `${name}: not measured`,
    method: `Left out: ${reason}.`,
    columns: [],
    rows: [],
    demands: demands.map(({ what }) => ({ what, measured: `peer absent: ${reason}`, met: null })),
  };
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The load of the last minute: other work on the machine. */
export function load(): string {
  return readFileSync('/proc/loadavg', 'utf8').split(' ')[0]!;
}

function sectionText({ title, method, columns, rows }: Section): string {
  return `## ${title}\n\n${method}\n${columns.length > 0 ? `\n${table(columns, rows)}\n` : ''}`;
}

function verdict(met: boolean | null): string {
  return met === null ? 'not measured' : met ? 'yes' : '**no**';
}

/** The machine and the day. */
export function circumstances(startLoad: string): string {
  const processors = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${processors.length} × ${processors[0]?.model.trim()}, ${memory} GiB, Node ${process.version}, kernel revision ${revision}, ${new Date().toISOString().slice(0, 10)}. Load of the machine ${startLoad} at the start, ${load()} at the end; the benchmark itself adds 1 to 2; its priority was ${getPriority()}.`;
}

/** The whole report as Markdown. */
export function markdown(sections: readonly Section[], startLoad: string): string {
  const demands = sections.flatMap((section) => section.demands ?? []);
  const verdicts = demands.map(({ what, measured, met }) => [what, measured, verdict(met)]);
  return [
    '# Benchmarks\n',
    'Written by `npm run bench`. GB are 10⁹ bytes. Figures are medians with their quartiles; subjects of a table took turns, so compare them within the table and not with other runs.\n',
    `${circumstances(startLoad)}\n`,
    ...(demands.length > 0 ? [`## Demands\n\n${table(['demand', 'measured', 'met'], verdicts)}\n`] : []),
    ...sections.map(sectionText),
  ].join('\n');
}
