import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LINE_OVERHEAD, MAX_LINE, createGuestLog } from './guest-log.ts';
import { createLogBudget } from './log-budget.ts';
import { countingMeter } from './meter.ts';
import { fakeClock, memoryLogger } from './test-support.ts';

const MIB = 1024 * 1024;
const bytes = (text: string) => new TextEncoder().encode(text);

function setUp({ bytesPerSecond = MIB, total = MIB } = {}) {
  const clock = fakeClock();
  const functionLogger = memoryLogger();
  const meter = countingMeter();
  const budget = createLogBudget({ bytesPerSecond, logger: functionLogger, clock, meter });
  const request = () => {
    const logger = memoryLogger();
    const share = budget.request(total);
    const stdout = createGuestLog({ logger, stream: 'stdout', budget: share });
    const stderr = createGuestLog({ logger, stream: 'stderr', budget: share });
    return {
      logger,
      stdout,
      stderr,
      lines: () => logger.logged.filter(({ level }) => level === 'info').map(({ msg }) => msg),
    };
  };
  return { clock, functionLogger, meter, budget, request, ...request() };
}

describe('a guest’s output', () => {
  it('becomes one record for each line, named as the guest’s', () => {
    const { stdout, stderr, logger } = setUp();
    stdout.write(bytes('one\n\ntw'));
    stderr.write(bytes('err\n'));
    stdout.write(bytes('o\nrest'));
    stdout.end();
    stderr.end();
    expect(logger.logged).toEqual([
      { level: 'info', fields: { source: 'guest', stream: 'stdout' }, msg: 'one' },
      { level: 'info', fields: { source: 'guest', stream: 'stdout' }, msg: '' },
      { level: 'info', fields: { source: 'guest', stream: 'stderr' }, msg: 'err' },
      { level: 'info', fields: { source: 'guest', stream: 'stdout' }, msg: 'two' },
      { level: 'info', fields: { source: 'guest', stream: 'stdout' }, msg: 'rest' },
    ]);
  });

  it('is the same however it is cut into writes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(fc.nat(200), { maxLength: 5 }),
        (data, cuts) => {
          const whole = setUp();
          whole.stdout.write(data);
          whole.stdout.end();
          const parts = setUp();
          let from = 0;
          for (const cut of cuts.toSorted((a, b) => a - b)) {
            parts.stdout.write(data.subarray(from, cut));
            from = Math.max(from, cut);
          }
          parts.stdout.write(data.subarray(from));
          parts.stdout.end();
          expect(parts.lines()).toEqual(whole.lines());
        },
      ),
    );
  });

  it('holds no character that forges a line or drives a terminal', () => {
    const { stdout, lines } = setUp();
    stdout.write(
      bytes(
        'a\rb\u001B[2J\u0085\u009B\u2028\u2029\u202E\u2066\uFEFF\u007F\0\ttab é 😀 \\n\n{"level":"error"}\n',
      ),
    );
    expect(lines()).toEqual([
      'a\\u{d}b\\u{1b}[2J\\u{85}\\u{9b}\\u{2028}\\u{2029}\\u{202e}\\u{2066}\\u{feff}\\u{7f}\\u{0}\ttab é 😀 \\n',
      '{"level":"error"}',
    ]);
  });

  it('shows bytes that are not UTF-8 as U+FFFD, and a leading byte order mark as text', () => {
    const { stdout, lines } = setUp();
    stdout.write(Uint8Array.of(0xff, 0x41, 0xc3, 0x0a, 0xed, 0xa0, 0x80, 0x0a));
    stdout.write(Uint8Array.of(0xef, 0xbb, 0xbf, 0x41, 0x0a));
    expect(lines()).toEqual(['\uFFFDA\uFFFD', '\uFFFD\uFFFD\uFFFD', '\\u{feff}A']);
  });

  it('has long lines cut off, marked, and never inside a character', () => {
    const { stdout, logger } = setUp();
    stdout.write(bytes(`${'x'.repeat(MAX_LINE - 1)}é`));
    stdout.write(bytes(`${'y'.repeat(99)}\nnext\n${'z'.repeat(MAX_LINE)}\n`));
    expect(
      logger.logged.map(({ fields, msg }) => [fields['truncated'], fields['cut_bytes'], msg]),
    ).toEqual([
      [true, 100, 'x'.repeat(MAX_LINE - 1)],
      [undefined, undefined, 'next'],
      [undefined, undefined, 'z'.repeat(MAX_LINE)],
    ]);
  });

  it('keeps no reference to the guest’s memory', () => {
    const { stdout, lines } = setUp();
    const memory = bytes('mine');
    stdout.write(memory);
    memory.fill(0x58);
    stdout.end();
    stdout.write(bytes('after the end\n'));
    expect(lines()).toEqual(['mine']);
  });
});

describe('the budget', () => {
  it('of a second is shared by all requests, and one line tells what was dropped', () => {
    const { request, clock, functionLogger, meter } = setUp({
      bytesPerSecond: 10 * (LINE_OVERHEAD + 1),
    });
    const [a, b] = [request(), request()];
    for (let line = 0; line < 20; line += 1) {
      a.stdout.write(bytes('a\n'));
      b.stderr.write(bytes('b\n'));
    }
    expect(a.lines().length + b.lines().length).toBe(10);
    expect(functionLogger.logged).toEqual([]);
    clock.advance(1000);
    expect(functionLogger.logged).toEqual([
      {
        level: 'warn',
        fields: { dropped_lines: 30, dropped_bytes: 30 * (LINE_OVERHEAD + 1), limit: 'log' },
        msg: expect.stringContaining('dropped'),
      },
    ]);
    expect(meter.read().droppedLines['guest-rate']).toBe(30);
    a.stdout.write(bytes('again\n'));
    expect(a.lines().at(-1)).toBe('again');
    clock.advance(5000);
    expect(functionLogger.logged.length).toBe(1);
  });

  it('lets one line that is larger than it pass, on debt', () => {
    const { stdout, lines, clock } = setUp({ bytesPerSecond: 1024 });
    stdout.write(bytes(`${'x'.repeat(2048)}\n`));
    stdout.write(bytes('y\n'));
    clock.advance(1000);
    stdout.write(bytes('y\n'));
    expect(lines().length).toBe(1);
    clock.advance(2000);
    stdout.write(bytes('y\n'));
    expect(lines().length).toBe(2);
  });

  it('of a request ends its log, with one line that says so', () => {
    const { stdout, stderr, logger, lines, request, meter } = setUp({ total: 1000 });
    stdout.write(bytes('x\n'.repeat(100)));
    stderr.write(bytes('y\n'));
    stdout.end();
    stderr.end();
    expect(lines().length).toBe(Math.ceil(1000 / (LINE_OVERHEAD + 1)));
    expect(
      logger.logged.filter(({ level }) => level === 'warn').map(({ fields }) => fields),
    ).toEqual([
      {
        source: 'guest',
        stream: 'stdout',
        dropped_bytes: 2 * (100 - lines().length),
        limit: 'logTotal',
      },
      { source: 'guest', stream: 'stderr', dropped_bytes: 2, limit: 'logTotal' },
    ]);
    expect(meter.read().droppedBytes['guest-total']).toBe(2 * (100 - lines().length) + 2);
    const other = request();
    other.stdout.write(bytes('fresh\n'));
    expect(other.lines()).toEqual(['fresh']);
  });

  it('keeps a flood of 1 GB down to what a request may log', () => {
    const { stdout, lines, logger } = setUp({ bytesPerSecond: 64 * 1024 });
    const chunk = Buffer.alloc(MIB, 'flood\n');
    for (let written = 0; written < 1024; written += 1) stdout.write(chunk);
    stdout.end();
    expect(lines().length).toBeLessThan((64 * 1024) / LINE_OVERHEAD);
    expect(logger.logged.at(-1)).toMatchObject({ level: 'warn', fields: { limit: 'logTotal' } });
    expect(logger.logged.at(-1)?.fields['dropped_bytes']).toBeGreaterThan(1023 * MIB);
  });

  it('says at the end what it had not said yet', () => {
    const { stdout, budget, functionLogger, clock } = setUp({ bytesPerSecond: 1024 });
    stdout.write(bytes('x\n'.repeat(20)));
    budget.close();
    expect(functionLogger.logged.length).toBe(1);
    clock.advance(5000);
    expect(functionLogger.logged.length).toBe(1);
  });
});
