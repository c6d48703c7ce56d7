import type { Clock } from '../base/index.ts';
import type { Logger } from './logger.ts';
import type { LogCounts } from './meter.ts';

export interface LossReportOptions {
  /** What the log's meter counted so far. */
  readonly meter: { read(): LogCounts };
  readonly logger: Logger;
  readonly clock: Clock;
  /** Between two looks, milliseconds. */
  readonly everyMs: number;
}

/** The losses of the host's own log; those of a guest over its budget are reported with its function. */
const OWN_LOSSES = ['sink-full', 'sink-failed', 'unwritable'] as const;

/** Says in the log, once it takes lines again, how many were lost since it last said so. Ends when disposed of. */
export function reportLosses({ meter, logger, clock, everyMs }: LossReportOptions): Disposable {
  let reported = 0;
  let cancel: () => void;
  const look = () => {
    const { droppedLines } = meter.read();
    const lost = OWN_LOSSES.reduce((sum, reason) => sum + droppedLines[reason], 0);
    if (lost > reported) {
      logger.warn(
        { dropped_lines: lost - reported, dropped_lines_total: lost },
        'log lines were lost: the log was slower than the lines, or failed',
      );
      reported = lost;
    }
    cancel = clock.after(everyMs, look);
  };
  cancel = clock.after(everyMs, look);
  return { [Symbol.dispose]: () => cancel() };
}
