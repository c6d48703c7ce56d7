import { escapeGuestText } from './escape.ts';
import type { RequestLogBudget } from './log-budget.ts';
import type { Logger } from './logger.ts';

export interface GuestLogOptions {
  /** The request's logger, which names the function and the trace. */
  readonly logger: Logger;
  readonly stream: 'stdout' | 'stderr';
  /** The request's share, the same for both streams. */
  readonly budget: RequestLogBudget;
}

/** Takes what a guest writes to one of its streams and logs it, line by line. */
export interface GuestLog {
  /** Takes all bytes, at once; keeps no reference to them. */
  write(bytes: Uint8Array): void;
  /** Logs the last line, if it has no line end, and says what the request's total left out. */
  end(): void;
}

/** Bytes of one line; the rest of a longer one is cut off. */
export const MAX_LINE = 8 * 1024;
/** Bytes that a line costs besides its text, as each becomes a record with its own members. */
export const LINE_OVERHEAD = 128;

const LINE_END = 0x0a;

/**
 * A guest's output as escaped log lines of its function.
 *
 * Split at LF only, so that nothing inside a line can start a record; bytes that are not UTF-8
 * become U+FFFD, and control characters visible text. Holds at most one line of 8 KiB.
 */
export function createGuestLog({ logger, stream, budget }: GuestLogOptions): GuestLog {
  /** Made with the first byte: most requests log nothing. */
  let line: Buffer | undefined;
  let length = 0;
  /** Bytes of the current line beyond `MAX_LINE`. */
  let cut = 0;
  let discarded = 0;
  let ended = false;

  const append = (bytes: Uint8Array): void => {
    const kept = Math.min(bytes.length, MAX_LINE - length);
    line ??= Buffer.allocUnsafe(MAX_LINE);
    line.set(bytes.subarray(0, kept), length);
    length += kept;
    cut += bytes.length - kept;
  };

  const emit = (): void => {
    const bytes = line?.subarray(0, length);
    // With `stream`, the decoder holds back a character that the cut has split.
    const text = escapeGuestText(
      new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes, { stream: cut > 0 }),
    );
    const size = length + cut;
    const note = cut > 0 ? { truncated: true, cut_bytes: cut } : {};
    length = 0;
    cut = 0;
    if (budget.spent) {
      discarded += size;
      budget.discard(size);
    } else if (budget.take(Buffer.byteLength(text) + LINE_OVERHEAD)) {
      logger.info({ source: 'guest', stream, ...note }, text);
    }
  };

  return {
    write(bytes) {
      if (ended) return;
      let start = 0;
      while (start < bytes.length && !budget.spent) {
        const end = bytes.indexOf(LINE_END, start);
        append(bytes.subarray(start, end === -1 ? bytes.length : end));
        if (end === -1) return;
        emit();
        start = end + 1;
      }
      if (start < bytes.length) {
        discarded += bytes.length - start;
        budget.discard(bytes.length - start);
      }
    },
    end() {
      if (ended) return;
      ended = true;
      if (length > 0) emit();
      if (discarded > 0) {
        logger.warn(
          { source: 'guest', stream, dropped_bytes: discarded, limit: 'logTotal' },
          'guest log dropped: more than one request may',
        );
      }
    },
  };
}
