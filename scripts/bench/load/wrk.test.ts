import { expect, it } from 'vitest';
import { parseWrkReport } from './wrk.ts';

const report = {
  requests: 1000,
  microseconds: 2_000_000,
  bytes: 200_000,
  p50: 230,
  p99: 1500,
  status: 0,
  connect: 0,
  read: 0,
  write: 0,
  timeout: 0,
};
const printed = (changes: Partial<typeof report>) =>
  `Running 2s test\n  1000 requests in 2.00s\n${JSON.stringify({ ...report, ...changes })}\n`;

it('reads the report after what wrk prints itself', () => {
  expect(parseWrkReport(printed({}), 24)).toEqual({
    requests: 1000,
    seconds: 2,
    latency: { p50: 0.23, p99: 1.5 },
    faults: [],
  });
});

it('names every kind of failure', () => {
  const faults = ['status', 'connect', 'read', 'write', 'timeout'].flatMap(
    (kind) => parseWrkReport(printed({ [kind]: 7 }), 24).faults,
  );
  expect(new Set(faults).size).toBe(5);
  expect(faults.every((fault) => fault.startsWith('7 '))).toBe(true);
});

it('notices that bodies are missing', () => {
  expect(parseWrkReport(printed({ bytes: 23_999 }), 24).faults).toHaveLength(1);
});
