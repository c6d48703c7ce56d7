/** Why a line was not written. */
export type DropReason =
  /** The sink is slower than the lines: its buffer is full. */
  | 'sink-full'
  /** The sink answered with an error, e.g. a full disk. */
  | 'sink-failed'
  /** A field could not be written as JSON. */
  | 'unwritable'
  /** A guest logs more per second than its function may. */
  | 'guest-rate'
  /** A guest logs more than one request may. */
  | 'guest-total';

/** Told of every line written and every line lost, for metrics. Must not throw. */
export interface LogMeter {
  emitted(lines: number, bytes: number): void;
  dropped(lines: number, bytes: number, reason: DropReason): void;
}

export const noMeter: LogMeter = { emitted() {}, dropped() {} };

export interface LogCounts {
  readonly emittedLines: number;
  readonly emittedBytes: number;
  readonly droppedLines: Readonly<Record<DropReason, number>>;
  readonly droppedBytes: Readonly<Record<DropReason, number>>;
}

/** A meter that only counts. */
export function countingMeter(): LogMeter & { read(): LogCounts } {
  let emittedLines = 0;
  let emittedBytes = 0;
  const droppedLines = zeros();
  const droppedBytes = zeros();
  return {
    emitted(lines, bytes) {
      emittedLines += lines;
      emittedBytes += bytes;
    },
    dropped(lines, bytes, reason) {
      droppedLines[reason] += lines;
      droppedBytes[reason] += bytes;
    },
    read: () => ({
      emittedLines,
      emittedBytes,
      droppedLines: { ...droppedLines },
      droppedBytes: { ...droppedBytes },
    }),
  };
}

function zeros(): Record<DropReason, number> {
  return { 'sink-full': 0, 'sink-failed': 0, unwritable: 0, 'guest-rate': 0, 'guest-total': 0 };
}
