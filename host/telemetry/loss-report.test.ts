import { expect, it } from 'vitest';
import { systemClock } from '../base/index.ts';
import { silentLogger, type LogFields } from './logger.ts';
import { reportLosses } from './loss-report.ts';
import { countingMeter } from './meter.ts';

it('says how many lines were lost since it last said so, and only then', () => {
  const meter = countingMeter();
  const lines: LogFields[] = [];
  let tick = () => {};
  let cancelled = false;
  const clock = {
    ...systemClock(),
    after: (_ms: number, wake: () => void) => ((tick = wake), () => void (cancelled = true)),
  };
  const logger = { ...silentLogger, warn: (fields: LogFields) => void lines.push(fields) };
  const report = reportLosses({ meter, logger, clock, everyMs: 1000 });
  tick();
  expect(lines).toEqual([]);
  meter.dropped(3, 100, 'sink-full');
  meter.dropped(1, 10, 'sink-failed');
  meter.dropped(50, 1000, 'guest-rate');
  tick();
  tick();
  meter.dropped(2, 20, 'unwritable');
  tick();
  expect(lines).toEqual([
    { dropped_lines: 4, dropped_lines_total: 4 },
    { dropped_lines: 2, dropped_lines_total: 6 },
  ]);
  report[Symbol.dispose]();
  expect(cancelled).toBe(true);
});
