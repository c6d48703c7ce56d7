/** For tests of the WASI host: an instance with small limits on a clock that stands still until it is told to go on. */
import type { Clock } from '../base/index.ts';
import { type Denial, WasiInstance, type WasiLimits } from './instance.ts';

export class FakeClock implements Clock {
  nanoseconds = 1_000_000_000n;
  wallOffset = 1_700_000_000_000_000_000n;
  readonly #timers = new Set<{ readonly due: bigint; readonly wake: () => void }>();

  monotonic(): bigint {
    return this.nanoseconds;
  }

  wall(): bigint {
    return this.nanoseconds + this.wallOffset;
  }

  after(ms: number, wake: () => void): () => void {
    const timer = { due: this.nanoseconds + BigInt(Math.round(ms * 1e6)), wake };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** Lets `nanoseconds` pass and fires what is due. */
  advance(nanoseconds: bigint): void {
    this.nanoseconds += nanoseconds;
    for (const timer of Array.from(this.#timers)) {
      if (timer.due > this.nanoseconds) continue;
      this.#timers.delete(timer);
      timer.wake();
    }
  }
}

export interface TestInstance {
  readonly instance: WasiInstance;
  readonly clock: FakeClock;
  readonly denials: Denial[];
}

export function testInstance(limits: Partial<WasiLimits> = {}): TestInstance {
  const clock = new FakeClock();
  const denials: Denial[] = [];
  const instance = new WasiInstance({
    limits: {
      handles: 100,
      files: 10,
      headers: 4096,
      headerCount: 32,
      copy: 65536,
      subrequests: 3,
      ...limits,
    },
    clock,
    denied: (denial) => denials.push(denial),
  });
  return { instance, clock, denials };
}

/** The value with which a host function failed towards the guest; fails the test when it did not fail so. */
export function payloadOf(call: () => unknown): unknown {
  try {
    call();
  } catch (thrown) {
    if (thrown instanceof Error && Object.hasOwn(thrown, 'payload'))
      return (thrown as Error & { payload: unknown }).payload;
    throw thrown;
  }
  throw new Error('the call succeeded');
}

export async function asyncPayloadOf(call: Promise<unknown>): Promise<unknown> {
  const outcome = await call.then(
    () => ({ failed: false as const }),
    (thrown: unknown) => ({ failed: true as const, thrown }),
  );
  if (!outcome.failed) throw new Error('the call succeeded');
  return payloadOf(() => {
    throw outcome.thrown;
  });
}
