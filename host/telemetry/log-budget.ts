import type { Clock } from '../base/index.ts';
import type { Logger } from './logger.ts';
import { noMeter, type LogMeter } from './meter.ts';

export interface LogBudgetOptions {
  /** Bytes of log that all requests of the function may write in a second; also the burst. */
  readonly bytesPerSecond: number;
  /** The function's logger, for the lines that say how much was dropped. */
  readonly logger: Logger;
  readonly clock: Clock;
  readonly meter?: LogMeter | undefined;
}

/** How much a function's guests may log: a token bucket that all its requests share. */
export interface LogBudget {
  /** The share of one request, which may log `total` bytes in all. */
  request(total: number): RequestLogBudget;
  /** Writes what is still to be said about dropped lines. */
  close(): void;
}

/** The share of one request; its stdout and stderr draw on the same one. */
export interface RequestLogBudget {
  /** Once true, nothing more of this request passes. */
  readonly spent: boolean;
  /** Asks for a line that costs `bytes`; a refused one is counted. */
  take(bytes: number): boolean;
  /** Counts bytes that were not even made into lines, because the total is spent. */
  discard(bytes: number): void;
}

/** ms from the first dropped line to the line that tells of it. */
const REPORT_AFTER = 1000;

export function createLogBudget({
  bytesPerSecond,
  logger,
  clock,
  meter = noMeter,
}: LogBudgetOptions): LogBudget {
  const perNanosecond = bytesPerSecond / 1e9;
  let tokens = bytesPerSecond;
  let refilled = clock.monotonic();
  let lines = 0;
  let bytes = 0;
  let cancel: (() => void) | undefined;

  const report = (): void => {
    cancel?.();
    cancel = undefined;
    if (lines === 0) return;
    logger.warn(
      { dropped_lines: lines, dropped_bytes: bytes, limit: 'log' },
      'guest log dropped: more per second than the function may',
    );
    lines = 0;
    bytes = 0;
  };

  /** A line larger than the bucket passes when the bucket is full, and leaves a debt. */
  const pass = (cost: number): boolean => {
    const now = clock.monotonic();
    tokens = Math.min(bytesPerSecond, tokens + Number(now - refilled) * perNanosecond);
    refilled = now;
    if (tokens < Math.min(cost, bytesPerSecond)) return false;
    tokens -= cost;
    return true;
  };

  return {
    request(total) {
      let used = 0;
      return {
        get spent() {
          return used >= total;
        },
        take(cost) {
          if (used >= total) {
            meter.dropped(1, cost, 'guest-total');
            return false;
          }
          // Refused lines count as well: a guest that floods reaches the end of its total, where counting costs next to nothing.
          used += cost;
          if (pass(cost)) return true;
          lines += 1;
          bytes += cost;
          meter.dropped(1, cost, 'guest-rate');
          cancel ??= clock.after(REPORT_AFTER, report);
          return false;
        },
        discard(size) {
          meter.dropped(0, size, 'guest-total');
        },
      };
    },
    close: report,
  };
}
