import { describe, expect, it } from 'vitest';
import type { Row, Sample } from './compare.ts';
import { renderComparison, toJson } from './comparison.ts';
import type { System } from './systems/system.ts';

const system = (id: string): System => ({
  id,
  title: id,
  isolation: 'request',
  peer: false,
  start: () => Promise.reject(new Error('not to be started here')),
});
const sample = (requestsPerSecond: number, cpuPerRequest: number | undefined): Sample => ({
  requestsPerSecond,
  cpuPerRequest,
  cores: undefined,
  p50: 1,
  p99: 2,
});
const row = (id: string, samples: Sample[], rest: Partial<Row> = {}): Row => ({
  system: system(id),
  samples,
  resident: undefined,
  ...rest,
});
const rows = [
  row('node:http', [sample(1000, 10), sample(500, 20)]),
  row('ours', [sample(600, 15), sample(300, 30)], {
    resident: { before: 2 ** 20, after: 3 * 2 ** 20 },
  }),
  row('jco', [], { invalid: '3 reads failed' }),
  row('other', [], { skipped: 'other is not on the PATH.' }),
];

describe('renderComparison', () => {
  const text = renderComparison('title', rows);
  const line = (id: string) => text.split('\n').find((each) => each.startsWith(id));

  it('gives ratios of neighbours in the same round', () => {
    expect(line('ours')).toMatch(/450 \(300–600\).*22\.5 \(15\.0–30\.0\).*1 → 3 +0\.60× +1\.50×/);
  });
  it('has no ratio to a row that has no figures', () => {
    expect(line('ours')).toMatch(/1\.50× +– +–$/);
  });
  it('shows a row that is not to be trusted without any figure, and why', () => {
    expect(line('jco')).toMatch(/^jco +request +INVALID$/);
    expect(text).toContain('INVALID: jco, isolation request: 3 reads failed');
  });
  it('shows what was skipped, and why', () => {
    expect(line('other')).toMatch(/skipped$/);
    expect(text).toContain('skipped: other, isolation request: other is not on the PATH.');
  });
  it('leaves CPU open where it cannot be read', () => {
    expect(renderComparison('title', [row('node:http', [sample(10, undefined)])])).toMatch(
      /10\.0 \(10\.0–10\.0\) +– /,
    );
  });
});

describe('toJson', () => {
  it('has the same ratios, and every sample', () => {
    expect(toJson(rows[1] as Row, rows)).toMatchObject({
      system: 'ours',
      requestsPerSecond: { median: 450, min: 300, max: 600 },
      cpuMicrosecondsPerRequest: { median: 22.5 },
      ratioToNode: { requestsPerSecond: 0.6, cpuPerRequest: 1.5 },
      ratioToJco: { requestsPerSecond: undefined },
      samples: [{ requestsPerSecond: 600 }, { requestsPerSecond: 300 }],
    });
  });
  it('never has figures of a row that is not to be trusted', () => {
    expect(toJson(rows[2] as Row, rows)).toEqual({
      system: 'jco',
      title: 'jco',
      isolation: 'request',
      invalid: '3 reads failed',
    });
  });
});
