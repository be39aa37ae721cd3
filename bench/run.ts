import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { firstByte } from './first-byte.js';
import { kernels } from './kernels.js';
import { memory } from './memory.js';
import { pinSelf } from './processes.js';
import { load, markdown, type Section } from './report.js';
import { smallJson } from './small-json.js';
import { stream } from './stream.js';
import { torch } from './torch.js';

/** Every benchmark, in the order of the report; null from one that could not run. */
const benchmarks: Readonly<Record<string, () => Promise<Section | null>>> = {
  kernels,
  torch,
  stream,
  'first-byte': firstByte,
  memory,
  'small-json': smallJson,
};

/**
 * `npm run bench` measures everything and writes bench/results.md; `npm run bench -- torch stream` measures what
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
    const section = await run();
    if (section) sections.push(section);
  }
  const text = markdown(sections, startLoad);
  console.log(text);
  if (asked.length > 0) return;
  writeFileSync(fileURLToPath(new URL('../../bench/results.md', import.meta.url)), text);
}

await main(process.argv.slice(2));
