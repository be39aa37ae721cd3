import t from 'tap';
import { registerRoutes } from '../routes/index.js';
import { listen, makeService } from './http/service.js';
import { type ApiDocument, operationsOf } from './support/fuzz/operations.js';
import { describeFinding, runFuzz } from './support/fuzz/run.js';
import { fuzzedService } from './support/fuzz/service.js';

t.test('every answer to thousands of requests is one that the document declares', async (t) => {
  const app = makeService(t, fuzzedService, { routes: registerRoutes });
  const port = await listen(app);
  const document = (await app.inject({ url: '/openapi.json' })).json<ApiDocument>();
  const operations = operationsOf(document);
  const report = await runFuzz({ port, operations, seed: 1, count: 3000 });
  t.same(report.findings.map(describeFinding), []);
  for (const { id } of operations) t.ok(report.operations.has(id), id);
  for (const status of [200, 204, 206, 304, 400, 404, 405, 406, 412, 413, 415, 416, 417, 422, 431])
    t.ok(report.statuses.has(status), String(status));
});
