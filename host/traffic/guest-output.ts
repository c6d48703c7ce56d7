import {
  createGuestLog,
  type GuestLog,
  type Logger,
  type RequestLogBudget,
} from '../telemetry/index.ts';

/** Bytes a guest may write to stdout or stderr in one call; what is over the log's budget is dropped, not waited for. */
const PERMIT = 64 * 1024;

/** One output stream of a guest during one request; what is written becomes log lines. Most guests never write. */
export class GuestOutput {
  readonly #make: () => GuestLog;
  #log: GuestLog | undefined;

  constructor(logger: Logger, stream: 'stdout' | 'stderr', budget: RequestLogBudget) {
    this.#make = () => createGuestLog({ logger, stream, budget });
  }

  isReady(): boolean {
    return true;
  }

  subscribe(): () => void {
    return () => {};
  }

  permit(): number {
    return PERMIT;
  }

  write(bytes: Uint8Array): void {
    this.#log ??= this.#make();
    this.#log.write(bytes);
  }

  flush(): void {}

  close(): void {}

  /** The request is over: logs what has no line end yet. */
  end(): void {
    this.#log?.end();
  }
}
