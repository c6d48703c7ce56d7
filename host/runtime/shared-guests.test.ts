import { describe, expect, it } from 'vitest';
import { systemClock, type Clock } from '../base/index.ts';
import type { BoundComponent, Lifetime } from '../component/index.ts';
import { defaultLimits, type Limits } from '../config/index.ts';
import { GuestFault, type ByteSink } from '../wasi/index.ts';
import { FunctionRuntime } from './function-runtime.ts';
import type { Guest, RunScope } from './guest.ts';

/** Takes what is written down under a name. */
function sinkTo(log: string[], name: string): ByteSink {
  return {
    isReady: () => true,
    subscribe: () => () => {},
    permit: () => 100,
    write: () => log.push(name),
    flush() {},
    close() {},
  };
}

function scope(overrides: Partial<RunScope> = {}): RunScope {
  const nowhere = sinkTo([], '');
  return {
    stdout: nowhere,
    stderr: nowhere,
    denied() {},
    onAbandoned: () => () => {},
    ...overrides,
  };
}

function setUp(limits: Partial<Limits> = {}, isolation: 'request' | 'instance' = 'instance') {
  const timers = new Map<() => void, number>();
  const clock: Clock = {
    ...systemClock(),
    after(ms, wake) {
      timers.set(wake, ms);
      return () => timers.delete(wake);
    },
  };
  const lifetimes: (Lifetime | undefined)[] = [];
  const outputs: ByteSink[] = [];
  const instantiate: BoundComponent['instantiate'] = async (_imports, lifetime) => {
    lifetimes.push(lifetime);
    return { serial: lifetimes.length };
  };
  const runtime = new FunctionRuntime({
    bound: { binder: 'jco', instantiate },
    linker: {
      blocking: [],
      instantiate({ stdout }) {
        outputs.push(stdout);
        return {};
      },
      async [Symbol.asyncDispose]() {},
    },
    limits: { ...defaultLimits(), ...limits },
    isolation,
    clock,
    random: (bytes) => void bytes.fill(7),
  });
  const elapse = (ms: number) => {
    for (const [wake, due] of timers) {
      if (due > ms) continue;
      timers.delete(wake);
      wake();
    }
  };
  /** A run that goes on until it is told to end. */
  const start = (given: RunScope = scope()) => {
    const entered = Promise.withResolvers<Guest>();
    const ending = Promise.withResolvers<void>();
    const state = { over: false };
    const outcome = runtime.share(given, async (guest) => {
      guest.onOver(() => (state.over = true));
      entered.resolve(guest);
      await ending.promise;
    });
    outcome.catch(() => {});
    return { entered: entered.promise, end: ending.resolve, fail: ending.reject, outcome, state };
  };
  return { runtime, lifetimes, outputs, elapse, start };
}

describe('an instance that serves many at once', () => {
  it('is one for all, made once however many come while it is made', async () => {
    const { runtime, start } = setUp();
    const runs = [start(), start(), start()];
    const guests = await Promise.all(runs.map((run) => run.entered));
    expect(guests.map((guest) => guest.exports['serial'])).toEqual([1, 1, 1]);
    for (const run of runs) run.end();
    await Promise.all(runs.map((run) => run.outcome));
    expect([runtime.running, runtime.instances]).toEqual([0, 1]);
  });

  it('serves nobody else where every request gets an instance of its own', async () => {
    const { start, runtime } = setUp({}, 'request');
    const runs = [start(), start()];
    const guests = await Promise.all(runs.map((run) => run.entered));
    expect(guests.map((guest) => guest.exports['serial'])).toEqual([1, 2]);
    for (const run of runs) run.end();
    await Promise.all(runs.map((run) => run.outcome));
    expect(runtime.instances).toBe(0);
  });

  it('goes on for the others when the time of one is over, and takes no new ones', async () => {
    const { runtime, elapse, start } = setUp({ timeout: 1000 });
    const late = start();
    await late.entered;
    elapse(1000);
    await expect(late.outcome).rejects.toMatchObject({ code: 'timeout' });
    expect([late.state.over, runtime.instances]).toEqual([true, 0]);
  });

  it('outlives a client that leaves while another is served', async () => {
    const { runtime, start } = setUp();
    let leave = () => {};
    const leaving = start(scope({ onAbandoned: (gone) => ((leave = () => gone()), () => {}) }));
    const staying = start();
    const guest = await staying.entered;
    await leaving.entered;
    leave();
    await expect(leaving.outcome).rejects.toMatchObject({ code: 'client-gone' });
    expect([leaving.state.over, staying.state.over, guest.wasi.fault]).toEqual([
      true,
      false,
      undefined,
    ]);
    const next = start();
    expect((await next.entered).exports['serial']).toBe(2);
    staying.end();
    await staying.outcome;
    expect(runtime.instances).toBe(1);
    next.end();
    await next.outcome;
  });

  it('ends for all when the guest traps, whoever waits for it', async () => {
    const { runtime, lifetimes, start } = setUp();
    const runs = [start(), start()];
    await Promise.all(runs.map((run) => run.entered));
    lifetimes[0]?.trapped(new WebAssembly.RuntimeError('unreachable'));
    for (const run of runs) {
      await expect(run.outcome).rejects.toMatchObject({
        code: 'guest-trapped',
        message: 'the guest trapped: unreachable',
      });
      expect(run.state.over).toBe(true);
    }
    expect(runtime.instances).toBe(0);
    const next = start();
    expect((await next.entered).exports['serial']).toBe(2);
    next.end();
    await next.outcome;
  });

  it('goes on when the answer of a guest was no good, which is the matter of one run', async () => {
    const { start } = setUp();
    const [bad, good] = [start(), start()];
    await Promise.all([bad.entered, good.entered]);
    bad.fail(new GuestFault({ code: 'guest-error', status: 500, message: 'no good' }));
    await expect(bad.outcome).rejects.toMatchObject({ code: 'guest-error' });
    good.end();
    await good.outcome;
    const next = start();
    expect((await next.entered).exports['serial']).toBe(1);
    next.end();
    await next.outcome;
  });

  it('is followed by another after 512 requests, and ends with the last of its own', async () => {
    const { runtime, start } = setUp();
    const last = start();
    await last.entered;
    for (let served = 1; served < 512; served++) await runtime.share(scope(), async () => {});
    const next = start();
    expect([(await next.entered).exports['serial'], runtime.instances]).toEqual([2, 2]);
    last.end();
    await last.outcome;
    expect(runtime.instances).toBe(1);
    next.end();
    await next.outcome;
  });

  it('is not kept idle after 128 requests', async () => {
    const { runtime } = setUp();
    const instances: number[] = [];
    for (let served = 0; served < 128; served++) {
      await runtime.share(scope(), async () => {});
      instances.push(runtime.instances);
    }
    expect([instances.slice(0, 127).every((each) => each === 1), instances.at(-1)]).toEqual([
      true,
      0,
    ]);
  });

  it('is ended when it has been idle for long', async () => {
    const { runtime, elapse, start } = setUp();
    const run = start();
    run.end();
    await run.outcome;
    expect(runtime.instances).toBe(1);
    elapse(30_000);
    expect(runtime.instances).toBe(0);
  });

  it('holds all to the limit of concurrency', async () => {
    const { start } = setUp({ concurrency: 1 });
    const run = start();
    await run.entered;
    await expect(start().outcome).rejects.toMatchObject({ code: 'function-busy' });
    run.end();
    await run.outcome;
  });

  it('writes to the log of the newest request that it serves', async () => {
    const { outputs, start } = setUp();
    const log: string[] = [];
    const first = start(scope({ stdout: sinkTo(log, 'first') }));
    await first.entered;
    const second = start(scope({ stdout: sinkTo(log, 'second') }));
    await second.entered;
    outputs[0]?.write(new Uint8Array(1));
    second.end();
    await second.outcome;
    outputs[0]?.write(new Uint8Array(1));
    first.end();
    await first.outcome;
    expect(log).toEqual(['second', 'first']);
  });
});
