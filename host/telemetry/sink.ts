import { write as writeFile } from 'node:fs';
import type { Clock } from '../base/index.ts';
import { noMeter, type LogMeter } from './meter.ts';

/** Where lines go. Never throws and never waits: what it cannot take is lost and counted. */
export interface LogSink {
  /** One line with its line end. */
  write(line: string): void;
  /** Settles when all lines so far are written or lost, at the latest after `deadlineMs` (2000). */
  flush(deadlineMs?: number): Promise<void>;
}

export interface DescriptorSinkOptions {
  /** An open descriptor, e.g. 2; stays open. */
  readonly fd: number;
  readonly clock: Clock;
  /** Bytes that may wait; 1 MiB unless given. */
  readonly maxBuffer?: number | undefined;
  readonly meter?: LogMeter | undefined;
  /** The system call, for tests; `fs.write` unless given. */
  readonly write?: DescriptorWrite | undefined;
}

export type DescriptorWrite = (
  fd: number,
  bytes: Uint8Array,
  done: (error: NodeJS.ErrnoException | null, written: number) => void,
) => void;

const DEFAULT_BUFFER = 1024 * 1024;
/** Bytes of one system call, so that a slow reader frees the buffer step by step. */
const CHUNK = 256 * 1024;
/** ms until a full pipe is tried again. */
const BUSY_PAUSE = 20;
/** ms until a sink that failed is tried again. */
const FAILURE_PAUSE = 1000;
const FLUSH_DEADLINE = 2000;
const LINE_END = 0x0a;

/**
 * A sink that writes to a descriptor with one write in flight and a bounded buffer behind it.
 *
 * Not sonic-boom: on EPIPE that goes on without counting what it loses, and at exit it writes
 * synchronously, which hangs where the reader has stopped.
 */
export function createDescriptorSink(options: DescriptorSinkOptions): LogSink {
  return new DescriptorSink(options);
}

class DescriptorSink implements LogSink {
  readonly #fd: number;
  readonly #clock: Clock;
  readonly #maxBuffer: number;
  readonly #meter: LogMeter;
  readonly #write: DescriptorWrite;
  #waiting: Buffer[] = [];
  /** Bytes waiting and in flight. */
  #held = 0;
  #busy = false;
  /** A failed write may have left half a line: the next one starts on a new line. */
  #midLine = false;
  #onIdle: (() => void)[] = [];

  constructor({
    fd,
    clock,
    maxBuffer = DEFAULT_BUFFER,
    meter = noMeter,
    write = writeFile,
  }: DescriptorSinkOptions) {
    this.#fd = fd;
    this.#clock = clock;
    this.#maxBuffer = maxBuffer;
    this.#meter = meter;
    this.#write = write;
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#held + bytes.length > this.#maxBuffer) {
      this.#meter.dropped(1, bytes.length, 'sink-full');
      return;
    }
    this.#waiting.push(bytes);
    this.#held += bytes.length;
    if (!this.#busy) this.#next();
  }

  flush(deadlineMs = FLUSH_DEADLINE): Promise<void> {
    if (!this.#busy) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    // A timer of the process and not of the clock: it must keep a process that is ending alive.
    const timer = setTimeout(resolve, deadlineMs);
    this.#onIdle.push(() => {
      clearTimeout(timer);
      resolve();
    });
    return promise;
  }

  #next(): void {
    let size = 0;
    let count = 0;
    for (const line of this.#waiting) {
      if (count > 0 && size + line.length > CHUNK) break;
      size += line.length;
      count += 1;
    }
    if (count === 0) {
      this.#busy = false;
      for (const wake of this.#onIdle.splice(0)) wake();
      return;
    }
    this.#busy = true;
    const lines = this.#waiting.splice(0, count);
    if (this.#midLine) lines.unshift(Buffer.from([LINE_END]));
    this.#send(Buffer.concat(lines), size, count);
  }

  /** `size` and `count` are what the batch counts for; `bytes` is what is left of it to write. */
  #send(bytes: Buffer, size: number, count: number): void {
    const done = (error: NodeJS.ErrnoException | null, written: number): void => {
      if (error?.code === 'EAGAIN' || error?.code === 'EBUSY') {
        this.#clock.after(BUSY_PAUSE, () => this.#send(bytes, size, count));
      } else if (error !== null || written === 0) {
        this.#held -= size;
        this.#meter.dropped(count, size, 'sink-failed');
        this.#clock.after(FAILURE_PAUSE, () => this.#next());
      } else {
        this.#midLine = bytes[written - 1] !== LINE_END;
        if (written < bytes.length) {
          this.#send(bytes.subarray(written), size, count);
          return;
        }
        this.#held -= size;
        this.#meter.emitted(count, size);
        this.#next();
      }
    };
    try {
      this.#write(this.#fd, bytes, done);
    } catch (error) {
      // A descriptor that is no number any more is a failed sink like any other.
      done(error instanceof Error ? error : new Error(String(error)), 0);
    }
  }
}
