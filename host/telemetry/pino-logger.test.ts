import { describe, expect, it } from 'vitest';
import { countingMeter } from './meter.ts';
import { createLogger, type LoggerOptions } from './pino-logger.ts';
import { createRedaction } from './redaction.ts';
import { fakeClock, memorySink } from './test-support.ts';

function setUp(options: Partial<LoggerOptions> = {}) {
  const sink = memorySink();
  const clock = fakeClock();
  const logger = createLogger({
    destination: sink,
    level: 'info',
    serviceName: 'selvedge',
    clock,
    ...options,
  });
  return { sink, clock, logger };
}

describe('a log line', () => {
  it('always carries time, level, message, service and trace, each once', () => {
    const { sink, logger } = setUp();
    logger.info({ port: 8080 }, 'listening');
    expect(sink.lines).toEqual([
      `{"level":"info","ts":"2026-11-24T02:10:00.123456789Z","service.name":"selvedge","trace_id":"${'0'.repeat(32)}","span_id":"${'0'.repeat(16)}","port":8080,"msg":"listening"}\n`,
    ]);
    const trace = { trace_id: 'a'.repeat(32), span_id: 'b'.repeat(16) };
    logger.child(trace).child({ function: 'f' }).warn({ function: 'g' }, 'x');
    expect(sink.records()[1]).toMatchObject({ ...trace, level: 'warn', function: 'g' });
    expect(sink.lines[1]?.match(/"trace_id"/g)).toHaveLength(1);
    expect(sink.lines[1]?.match(/"function"/g)).toHaveLength(1);
  });

  it('has a time that goes on by nanoseconds and over seconds', () => {
    const { sink, clock, logger } = setUp();
    for (const ms of [1, 876, 1000]) {
      clock.advance(ms);
      logger.info({}, 'x');
    }
    expect(sink.records().map(({ ts }) => ts)).toEqual([
      '2026-11-24T02:10:00.124456789Z',
      '2026-11-24T02:10:01.000456789Z',
      '2026-11-24T02:10:02.000456789Z',
    ]);
  });

  it('cannot have its own members set by a field', () => {
    const { sink, logger } = setUp();
    logger.info(
      { ts: 'x', level: 'y', msg: 'z', 'service.name': 'w', trace_id: 'A'.repeat(32), span_id: 5 },
      'real',
    );
    expect(sink.records()[0]).toMatchObject({
      level: 'info',
      msg: 'real',
      'service.name': 'selvedge',
      trace_id: '0'.repeat(32),
      span_id: '0'.repeat(16),
      'field.ts': 'x',
      'field.trace_id': 'A'.repeat(32),
    });
    expect(sink.lines[0]?.match(/"msg"|"ts"|"level"/g)).toHaveLength(3);
  });

  it('takes any name for a field', () => {
    const { sink, logger } = setUp();
    const fields = JSON.parse(
      '{"__proto__":{"x":1},"constructor":"a","hasOwnProperty":3,"toString":"b","formatters":4,"redact":5}',
    );
    logger.info(fields, 'x');
    logger.child(fields).info({ n: 1 }, 'y');
    const written =
      '"field.__proto__":{"x":1},"field.constructor":"a","field.hasOwnProperty":3,"field.toString":"b","formatters":4,"redact":5';
    expect(sink.lines[1]).toContain(written);
    expect(sink.records()[1]).toMatchObject({ n: 1, msg: 'y' });
    expect(sink.lines[0]).toContain(written);
  });

  it('shows an error with its code, stack and causes', () => {
    const { sink, logger } = setUp();
    const inner = Object.assign(new Error('disk'), { code: 'ENOSPC' });
    logger.error({ err: new TypeError('outer', { cause: inner }) }, 'failed');
    expect(sink.records()[0]).toMatchObject({
      err: {
        type: 'TypeError',
        message: 'outer',
        stack: expect.stringContaining('outer'),
        cause: { code: 'ENOSPC', message: 'disk' },
      },
    });
  });

  it('below the level is not written', () => {
    const { sink, logger } = setUp({ level: 'warn' });
    logger.debug({}, 'x');
    logger.info({}, 'x');
    logger.warn({}, 'seen');
    expect(sink.records().map(({ msg }) => msg)).toEqual(['seen']);
    const silent = setUp({ level: 'silent' });
    silent.logger.error({}, 'x');
    expect(silent.sink.lines).toEqual([]);
  });

  it('stays one line of JSON, with nothing in it that a terminal acts upon', () => {
    const { sink, logger } = setUp();
    const hostile =
      'a\r\n{"level":"info"}\u001B[31m\u0085\u009B\u2028\u2029\u202E\u2066\u200F\u061C\u007F\uD800b';
    logger.child({ [hostile]: 1 }).info({ text: hostile, deep: { list: [hostile] } }, hostile);
    const line = sink.lines[0] ?? '';
    expect(line).toMatch(/^[\x20-\x7e]+\n$/);
    expect(JSON.parse(line)).toMatchObject({
      text: hostile,
      msg: hostile,
      deep: { list: [hostile] },
      [hostile]: 1,
    });
  });

  it('never throws for what it is given', () => {
    const meter = countingMeter();
    const { sink, logger } = setUp({ meter });
    const circle: Record<string, unknown> = { big: 5n };
    circle['self'] = circle;
    logger.info(
      {
        circle,
        f: () => 1,
        u: undefined,
        s: Symbol('x'),
        bad: {
          toJSON: () => {
            throw new Error('no');
          },
        },
      },
      'kept',
    );
    logger.info(
      Object.defineProperty({}, 'x', {
        enumerable: true,
        get: () => {
          throw new Error('no');
        },
      }),
      'lost',
    );
    logger.info({}, 'next');
    expect(sink.records().map(({ msg }) => msg)).toEqual(['kept', 'next']);
    expect(meter.read().droppedLines.unwritable).toBe(1);
  });
});

describe('redaction', () => {
  it('keeps a secret out of every part of a line', () => {
    const secret = 'token-"quoted"\\and/long';
    const { sink, logger } = setUp({ redaction: createRedaction([secret, 'token-"quoted"']) });
    logger
      .child({ header: `Bearer ${secret}` })
      .error({ err: new Error(secret), [secret]: [secret] }, `said ${secret}${secret}`);
    expect(sink.records()[0]).toMatchObject({
      header: 'Bearer [redacted]',
      msg: 'said [redacted][redacted]',
      err: { message: '[redacted]' },
      '[redacted]': ['[redacted]'],
    });
    expect(sink.lines.join('')).not.toContain('quoted');
  });

  it('refuses a secret that lines would hold by chance', () => {
    expect(() => createRedaction(['short'])).toThrow(RangeError);
  });
});
