import type { Clock } from '../base/index.ts';
import type { LogFields, Logger } from './logger.ts';
import type { LogSink } from './sink.ts';

/** Time that stands still until it is told to pass. */
export interface FakeClock extends Clock {
  advance(ms: number): void;
}

export function fakeClock(wallStart = 1_795_486_200_123_456_789n): FakeClock {
  let now = 0n;
  const timers = new Set<{ due: bigint; wake: () => void }>();
  return {
    monotonic: () => now,
    wall: () => wallStart + now,
    after(ms, wake) {
      const timer = { due: now + BigInt(ms) * 1_000_000n, wake };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      now += BigInt(ms) * 1_000_000n;
      for (const timer of timers) {
        if (timer.due > now) continue;
        timers.delete(timer);
        timer.wake();
      }
    },
  };
}

/** A sink that keeps its lines. */
export function memorySink(): LogSink & {
  readonly lines: string[];
  records(): Record<string, unknown>[];
} {
  const lines: string[] = [];
  return {
    lines,
    records: () => lines.map((line) => JSON.parse(line)),
    write: (line) => void lines.push(line),
    flush: async () => {},
  };
}

export interface Logged {
  readonly level: string;
  readonly fields: LogFields;
  readonly msg: string;
}

/** A logger that keeps what it was given. */
export function memoryLogger(): Logger & { readonly logged: Logged[] } {
  const logged: Logged[] = [];
  const keep = (level: string) => (fields: LogFields, msg: string) =>
    void logged.push({ level, fields, msg });
  const logger = {
    logged,
    debug: keep('debug'),
    info: keep('info'),
    warn: keep('warn'),
    error: keep('error'),
    child: () => logger,
  };
  return logger;
}
