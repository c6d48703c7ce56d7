import { describe, expect, it } from 'vitest';
import { systemClock, type Clock } from '../base/index.ts';
import type { BoundComponent } from '../component/index.ts';
import { defaultLimits, type Limits } from '../config/index.ts';
import { GuestFault, type ByteSink, type WasiInstance } from '../wasi/index.ts';
import { FunctionRuntime } from './function-runtime.ts';
import type { Guest, RunScope } from './guest.ts';

/** Time that stands still until it is told otherwise. */
function handClock() {
  const timers = new Map<() => void, number>();
  const clock: Clock = {
    ...systemClock(),
    after(ms, wake) {
      timers.set(wake, ms);
      return () => timers.delete(wake);
    },
  };
  const elapse = (ms: number) => {
    for (const [wake, due] of timers) {
      if (due > ms) continue;
      timers.delete(wake);
      wake();
    }
  };
  return { clock, elapse, timers };
}

const nowhere: ByteSink = {
  isReady: () => true,
  subscribe: () => () => {},
  permit: () => 1,
  write() {},
  flush() {},
  close() {},
};

function scope(overrides: Partial<RunScope> = {}): RunScope {
  return {
    stdout: nowhere,
    stderr: nowhere,
    denied() {},
    onAbandoned: () => () => {},
    ...overrides,
  };
}

interface Setup {
  readonly isolation?: 'request' | 'instance';
  readonly limits?: Partial<Limits>;
  readonly instantiate?: BoundComponent['instantiate'];
}

function runtimeOf({ isolation = 'request', limits = {}, instantiate }: Setup = {}) {
  const hand = handClock();
  const contexts: { instance: WasiInstance; stdout: ByteSink }[] = [];
  let disposed = 0;
  const runtime = new FunctionRuntime({
    bound: {
      binder: 'jco',
      instantiate: instantiate ?? (async () => ({ serial: contexts.length })),
    },
    linker: {
      blocking: [],
      instantiate(context) {
        contexts.push(context);
        return {};
      },
      async [Symbol.asyncDispose]() {
        disposed += 1;
      },
    },
    limits: { ...defaultLimits(), ...limits },
    isolation,
    clock: hand.clock,
    random: (bytes) => void bytes.fill(7),
  });
  return { runtime, contexts, ...hand, disposals: () => disposed };
}

const serial = async (guest: Guest) => guest.exports['serial'];
const never = () => new Promise<never>(() => {});

describe('isolation', () => {
  it('gives every request an instance of its own with isolation "request", ended afterwards', async () => {
    const { runtime, contexts } = runtimeOf();
    expect(await runtime.run(scope(), serial)).toBe(1);
    expect(await runtime.run(scope(), serial)).toBe(2);
    expect(contexts.every(({ instance }) => instance.fault !== undefined)).toBe(true);
    expect(runtime.instances).toBe(0);
  });

  it('keeps an instance for the next request with isolation "instance"', async () => {
    const { runtime } = runtimeOf({ isolation: 'instance' });
    expect(await runtime.run(scope(), serial)).toBe(1);
    expect(await runtime.run(scope(), serial)).toBe(1);
    expect(runtime.instances).toBe(1);
  });

  it('never gives one instance to two requests at once', async () => {
    const { runtime } = runtimeOf({ isolation: 'instance' });
    const gate = Promise.withResolvers<void>();
    const first = runtime.run(scope(), async (guest) => {
      await gate.promise;
      return serial(guest);
    });
    expect(await runtime.run(scope(), serial)).toBe(2);
    gate.resolve();
    expect(await first).toBe(1);
  });

  it('does not keep an instance whose request failed', async () => {
    const { runtime } = runtimeOf({ isolation: 'instance' });
    await expect(runtime.run(scope(), () => Promise.reject(new Error('boom')))).rejects.toThrow(
      'boom',
    );
    expect(await runtime.run(scope(), serial)).toBe(2);
  });

  it('lets an idle instance go after its time', async () => {
    const { runtime, elapse } = runtimeOf({ isolation: 'instance' });
    await runtime.run(scope(), serial);
    elapse(30_000);
    expect(runtime.instances).toBe(0);
    expect(await runtime.run(scope(), serial)).toBe(2);
  });

  it("sends a reused instance's output to the request that it serves", async () => {
    const { runtime, contexts } = runtimeOf({ isolation: 'instance' });
    const written: string[] = [];
    const sink = (name: string): ByteSink => ({ ...nowhere, write: () => void written.push(name) });
    const print = async () => contexts[0]?.stdout.write(new Uint8Array(1));
    await runtime.run(scope({ stdout: sink('first') }), print);
    await runtime.run(scope({ stdout: sink('second') }), print);
    expect(written).toEqual(['first', 'second']);
  });
});

describe('ending', () => {
  it('ends a guest at the time limit with "timeout", and frees its place', async () => {
    const { runtime, elapse } = runtimeOf({ limits: { timeout: 50, concurrency: 1 } });
    const run = runtime.run(scope(), never);
    await Promise.resolve();
    await Promise.resolve();
    elapse(50);
    await expect(run).rejects.toMatchObject({ code: 'timeout', status: 504 });
    expect(runtime.running).toBe(0);
    expect(await runtime.run(scope(), serial)).toBe(2);
  });

  it('ends a guest whose client left', async () => {
    const { runtime } = runtimeOf();
    let leave: (reason?: Error) => void = () => {};
    const run = runtime.run(
      scope({ onAbandoned: (gone) => ((leave = gone), () => {}) }),
      (guest) => {
        queueMicrotask(() => leave());
        return guest.wasi.wait(never());
      },
    );
    await expect(run).rejects.toMatchObject({ code: 'client-gone' });
  });

  it('reports the reason why it was ended rather than what the guest made of it', async () => {
    const { runtime } = runtimeOf();
    const run = runtime.run(scope(), async (guest) => {
      guest.wasi.end(new GuestFault({ code: 'timeout', status: 504, message: 'over' }));
      throw new Error('the binder says something else');
    });
    await expect(run).rejects.toMatchObject({ code: 'timeout' });
  });

  it('calls whatever a guest throws a trap', async () => {
    const { runtime } = runtimeOf();
    const run = runtime.run(scope(), () =>
      Promise.reject(new WebAssembly.RuntimeError('unreachable')),
    );
    await expect(run).rejects.toMatchObject({
      code: 'guest-trapped',
      status: 500,
      message: 'the guest trapped: unreachable',
    });
  });

  it('calls a trap of the initialisers a trap', async () => {
    const { runtime } = runtimeOf({
      instantiate: () => Promise.reject(new RangeError('Maximum call stack size exceeded')),
    });
    await expect(runtime.run(scope(), serial)).rejects.toMatchObject({ code: 'guest-trapped' });
    expect(runtime.running).toBe(0);
    expect(runtime.instances).toBe(0);
  });

  it('leaves no timer behind', async () => {
    const { runtime, timers } = runtimeOf();
    await runtime.run(scope(), serial);
    expect(timers.size).toBe(0);
  });
});

describe('concurrency', () => {
  it('turns a request away with Retry-After when as many run as may', async () => {
    const { runtime } = runtimeOf({ limits: { concurrency: 1 } });
    const gate = Promise.withResolvers<void>();
    const first = runtime.run(scope(), () => gate.promise);
    await expect(runtime.run(scope(), serial)).rejects.toMatchObject({
      code: 'function-busy',
      status: 503,
      details: { retryAfter: 1 },
    });
    gate.resolve();
    await first;
    await expect(runtime.run(scope(), serial)).resolves.toBeDefined();
  });
});

describe('disposal', () => {
  it('ends running and idle instances, and gives back what the grants hold', async () => {
    const { runtime, disposals } = runtimeOf({ isolation: 'instance' });
    await runtime.run(scope(), serial);
    const running = runtime.run(scope(), never);
    await Promise.resolve();
    await runtime[Symbol.asyncDispose]();
    await expect(running).rejects.toMatchObject({ code: 'shutting-down' });
    expect(runtime.instances).toBe(0);
    expect(disposals()).toBe(1);
  });
});
