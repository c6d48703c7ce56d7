import type { CliDependencies, RunningHost } from './dependencies.ts';
import { exitCodes } from './errors.ts';

const signalNumbers: Readonly<Record<string, number>> = { SIGINT: 2, SIGTERM: 15 };

/** How long a start that is no longer wanted may take to finish. Milliseconds. */
const START_GRACE_MS = 2_000;

/**
 * Starts a host and resolves to 0 once it has ended. The first SIGINT or SIGTERM drains it; the
 * second ends the process at once with 128 + the signal's number, as a shell reports it.
 *
 * A signal during the start waits for it no longer than two seconds and then ends the process with
 * 0: nothing is in flight yet, and what the store has begun to write it can lose.
 */
export async function untilStopped(
  deps: Pick<CliDependencies, 'signals' | 'exit'>,
  start: () => Promise<RunningHost>,
): Promise<number> {
  const { promise: asked, resolve: ask } = Promise.withResolvers<'asked'>();
  let signalled = false;
  const listener = (signal: string) => {
    if (signalled) deps.exit(128 + (signalNumbers[signal] ?? 0));
    signalled = true;
    ask('asked');
  };
  deps.signals.on('SIGINT', listener);
  deps.signals.on('SIGTERM', listener);
  try {
    const starting = start();
    const early = await Promise.race([starting, asked]);
    const host = early === 'asked' ? await within(START_GRACE_MS, starting) : early;
    if (host === undefined) {
      deps.exit(exitCodes.ok);
      return exitCodes.ok;
    }
    const ended = await Promise.race([asked, host.closed]);
    if (ended === 'asked') {
      await host.close();
      await host.closed;
    }
    return exitCodes.ok;
  } finally {
    deps.signals.off('SIGINT', listener);
    deps.signals.off('SIGTERM', listener);
  }
}

/** What the promise gives, or `undefined` after so many milliseconds. */
async function within<Value>(ms: number, promise: Promise<Value>): Promise<Value | undefined> {
  const { promise: over, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), ms);
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
  }
}
