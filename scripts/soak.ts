import { fillCaches } from '../test/support/fill-caches.js';
import { killThread, type LogLine, startService } from '../test/support/service-process.js';
import { judgedSeconds } from '../test/support/soak/memory.js';
import { describeSoak, runSoak, type SoakReport, soakedService } from '../test/support/soak/run.js';
import { numbers, someSeed } from './options.js';

/** Level of the log from which on it complains, and what it may complain of. */
const warning = 40;
const threadDied = 'a computing thread died and is replaced';

const { minutes, seed } = numbers({ minutes: 10, seed: someSeed() }, 'minutes');
console.log(`npm run soak -- --minutes ${minutes} --seed ${seed}`);

const complaints: LogLine[] = [];
const hear = (line: LogLine) => {
  if (Number(line.level) >= warning) complaints.push(line);
};
const service = await startService(soakedService, hear, true);
const { child, port, exited } = service;
console.log(`process ${child.pid} listens on http://127.0.0.1:${port}`);

const soak = async (): Promise<SoakReport> => {
  if (60 * minutes >= judgedSeconds) await fillCaches(port);
  return runSoak({ port, seed, seconds: 60 * minutes, kill: (index) => killThread(service, index) });
};
const failed = (error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  return null;
};
const report = await Promise.race([soak().catch(failed), exited.then(() => null)]);
child.kill('SIGTERM');
const end = await exited;
if (report) {
  const { findings, killed } = report;
  const deaths = complaints.filter(({ msg }) => msg === threadDied).length;
  if (deaths !== killed) findings.add('threads die', null, `${deaths} died, ${killed} were killed`);
  for (const line of complaints.filter(({ msg }) => msg !== threadDied))
    findings.add('the log complains', null, JSON.stringify(line));
  if (end[0] !== 0) findings.add('the end', null, `the service ended with ${end[0] ?? end[1]}`);
  console.log(describeSoak(report));
} else {
  console.log(`the soak did not come to its end; the service ended with ${end[0] ?? end[1]}`);
}
// Clients of a service that has ended still try to reach it.
process.exit(report?.findings.told.length === 0 ? 0 : 1);
