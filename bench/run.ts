import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { crowd } from './crowd.js';
import { figure } from './figure.js';
import { firstByte } from './first-byte.js';
import { kernels } from './kernels.js';
import { memory } from './memory.js';
import { pinSelf } from './processes.js';
import { ranges } from './ranges.js';
import { readyFile } from './ready-file.js';
import { circumstances, load, markdown, type Section } from './report.js';
import { smallJson } from './small-json.js';
import { stream } from './stream.js';
import { torch } from './torch.js';

/** Every benchmark, in the order of the report. */
const benchmarks: Readonly<Record<string, () => Promise<Section>>> = {
  kernels,
  torch,
  stream,
  'ready-file': readyFile,
  ranges,
  'first-byte': firstByte,
  memory,
  crowd,
  'small-json': smallJson,
};

/**
 * `npm run bench` measures everything and writes bench/results.md and
 * docs/performance.svg; `npm run bench -- torch stream` measures what
 * is named and prints it.
 */
async function main(asked: readonly string[]): Promise<void> {
  const unknown = asked.filter((name) => !(name in benchmarks));
  if (unknown.length > 0) {
    throw new Error(`no benchmark ${unknown.join(', ')}; there are ${Object.keys(benchmarks).join(', ')}`);
  }
  pinSelf();
  const startLoad = load();
  const sections: Section[] = [];
  for (const [name, run] of Object.entries(benchmarks)) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    console.error(`${name} …`);
    sections.push(await run());
  }
  const text = markdown(sections, startLoad);
  console.log(text);
  if (asked.length > 0) return;
  const write = (path: string, content: string) =>
    writeFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), content);
  write('bench/results.md', text);
  write(
    'docs/performance.svg',
    figure(
      sections.flatMap(({ demands = [] }) => demands),
      circumstances(startLoad).split('. ')[0] ?? '',
    ),
  );
}

await main(process.argv.slice(2));
