import type { CliDependencies, RunningHost } from './dependencies.ts';
import { exitCodes } from './errors.ts';

const signalNumbers: Readonly<Record<string, number>> = { SIGINT: 2, SIGTERM: 15 };

/**
 * Starts a host and resolves to 0 once it has ended. The first SIGINT or SIGTERM drains it, also
 * when it arrives while the host is still starting; the second ends the process at once with
 * 128 + the signal's number, as a shell reports it.
 */
export async function untilStopped(
  deps: Pick<CliDependencies, 'signals' | 'exit'>,
  start: () => Promise<RunningHost>,
): Promise<number> {
  const { promise: asked, resolve: ask } = Promise.withResolvers<string>();
  let signalled = false;
  const listener = (signal: string) => {
    if (signalled) deps.exit(128 + (signalNumbers[signal] ?? 0));
    signalled = true;
    ask(signal);
  };
  deps.signals.on('SIGINT', listener);
  deps.signals.on('SIGTERM', listener);
  try {
    const host = await start();
    const ended = await Promise.race([asked, host.closed]);
    if (ended !== undefined) {
      await host.close();
      await host.closed;
    }
    return exitCodes.ok;
  } finally {
    deps.signals.off('SIGINT', listener);
    deps.signals.off('SIGTERM', listener);
  }
}
