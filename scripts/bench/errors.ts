import { SelvedgeError, type FailureDetails } from '../../host/base/index.ts';

/** What keeps a benchmark from measuring. Nothing of it reaches the wire, so `status` says nothing. */
export class BenchError extends SelvedgeError {
  constructor(failure: Omit<FailureDetails, 'status'>) {
    super({ ...failure, status: 500 });
  }
}

/** A system that this machine does not have: its row is skipped, with the message as the reason. */
export class NotHere extends BenchError {
  constructor(message: string, fix: string) {
    super({ code: 'bench-system-absent', message, fix });
  }
}
