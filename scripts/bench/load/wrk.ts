import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { faultsOf, type LoadGenerator, type LoadReport } from './load.ts';

/** wrk, by the path of its program: one thread, so that the server keeps the other cores. */
export function wrk(program: string): LoadGenerator {
  return {
    name: 'wrk -t1',
    async run(request, { scratch, processes }) {
      const env: Record<string, string> = { BENCH_METHOD: request.method };
      if (request.body !== undefined) {
        env['BENCH_BODY_FILE'] = join(scratch, 'request-body');
        await writeFile(env['BENCH_BODY_FILE'], request.body);
      }
      const child = processes.start({
        name: 'wrk',
        command: program,
        args: [
          '--threads=1',
          `--connections=${request.connections}`,
          `--duration=${request.seconds}s`,
          `--script=${join(import.meta.dirname, 'wrk-report.lua')}`,
          request.url,
        ],
        env,
        cwd: scratch,
        scratch,
      });
      return parseWrkReport(await child.output(), Buffer.byteLength(request.expected));
    },
  };
}

interface WrkReport {
  readonly requests: number;
  readonly microseconds: number;
  readonly bytes: number;
  readonly p50: number;
  readonly p99: number;
  readonly status: number;
  readonly connect: number;
  readonly read: number;
  readonly write: number;
  readonly timeout: number;
}

/** The last line of wrk's output, as `wrk-report.lua` writes it. `bodyBytes` is the least an answer has. */
export function parseWrkReport(output: string, bodyBytes: number): LoadReport {
  const report = JSON.parse(output.trimEnd().split('\n').at(-1) ?? '') as WrkReport;
  const faults = faultsOf({
    'answers with status 400 or above': report.status,
    'connections refused': report.connect,
    'reads failed': report.read,
    'writes failed': report.write,
    'requests timed out': report.timeout,
  });
  // wrk does not look into bodies; that enough bytes came is what it can tell of them.
  if (report.bytes < report.requests * bodyBytes) faults.push('answers shorter than their body');
  return {
    requests: report.requests,
    seconds: report.microseconds / 1e6,
    latency: { p50: report.p50 / 1000, p99: report.p99 / 1000 },
    faults,
  };
}
