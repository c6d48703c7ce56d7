// The load in its own process: takes a LoadRequest as JSON on stdin, prints a LoadReport.
import { createHistogram } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import autocannon from 'autocannon';
import { faultsOf, type LoadReport, type LoadRequest } from './load.ts';

const request = JSON.parse(await text(process.stdin)) as LoadRequest;
// Its own percentiles are whole milliseconds, where a hello takes a fraction of one.
const microseconds = createHistogram();
const cannon = autocannon({
  url: request.url,
  method: request.method,
  body: request.body,
  expectBody: request.expected,
  connections: request.connections,
  ...(request.amount === undefined ? { duration: request.seconds } : { amount: request.amount }),
});
cannon.on('response', (_client, _status, _bytes, milliseconds) => {
  microseconds.record(Math.max(1, Math.round(milliseconds * 1000)));
});
const result = await cannon;
const report: LoadReport = {
  requests: microseconds.count,
  seconds: result.duration,
  latency: { p50: microseconds.percentile(50) / 1000, p99: microseconds.percentile(99) / 1000 },
  faults: faultsOf({
    'answers with another status than 2xx': result.non2xx,
    'answers with a wrong body': result.mismatches,
    'requests timed out': result.timeouts,
    'connections failed': result.errors - result.timeouts,
  }),
};
process.stdout.write(`${JSON.stringify(report)}\n`);
