import type { BenchContext, BenchResult } from './benchmark.ts';
import { renderComparison, toJson } from './comparison.ts';
import { BenchError, NotHere } from './errors.ts';
import { autocannonLoad } from './load/autocannon.ts';
import type { LoadReport, LoadRequest } from './load/load.ts';
import { usageOf, type Usage } from './process-usage.ts';
import type { RunningSystem, System, Workload } from './systems/system.ts';
import { systems } from './systems/systems.ts';

/** One measured window of one system. */
export interface Sample {
  readonly requestsPerSecond: number;
  /** Microseconds of CPU that the server's processes used for each request; `undefined` without /proc. */
  readonly cpuPerRequest: number | undefined;
  /** Cores that the server kept busy on average. */
  readonly cores: number | undefined;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

export interface Row {
  readonly system: System;
  readonly samples: readonly Sample[];
  /** Bytes, before the first request of the load and after the last. */
  readonly resident: { readonly before: number; readonly after: number } | undefined;
  /** Not measured, and why: the machine lacks it. */
  readonly skipped?: string;
  /** Not to be trusted, and why; the samples are then kept back. */
  readonly invalid?: string;
}

/** Milliseconds that a system may take until its first answer; some compile the guest first. */
const READY_MS = 60_000;
/** Milliseconds that a single answer may take. */
const ANSWER_MS = 10_000;

interface Runner {
  readonly system: System;
  readonly running: RunningSystem;
  readonly samples: Sample[];
  readonly before: Usage | undefined;
  invalid?: string;
}

/**
 * Starts every system with the workload's guest, and measures them in turns: A B C A B C …, so
 * that what disturbs the machine disturbs all of them. Ends them all before it resolves.
 */
export async function compareServers(
  context: BenchContext,
  workload: Workload,
): Promise<BenchResult> {
  const { settings, progress, load } = context;
  const rows = new Map<string, Row>();
  const runners: Runner[] = [];
  const wanted = systems.filter(({ peer }) => settings.peers || !peer);
  try {
    for (const system of wanted) {
      progress(`${workload.name}: starting ${system.id}`);
      try {
        runners.push(await startSystem(system, workload, context));
      } catch (error) {
        if (!(error instanceof BenchError)) throw error;
        const why = [error.message, error.fix].filter((part) => part !== undefined).join(' ');
        const kind = error instanceof NotHere ? { skipped: why } : { invalid: error.message };
        rows.set(system.id, { system, samples: [], resident: undefined, ...kind });
      }
    }
    for (const runner of runners) {
      progress(`${workload.name}: warming up ${runner.system.id}`);
      await measureInto(runner, workload, context, { keep: false });
    }
    for (let round = 1; round <= settings.rounds; round += 1) {
      for (const runner of runners.filter(({ invalid }) => invalid === undefined)) {
        progress(`${workload.name}: round ${round} of ${settings.rounds}, ${runner.system.id}`);
        await measureInto(runner, workload, context, { keep: true });
      }
    }
    for (const runner of runners) rows.set(runner.system.id, rowOf(runner));
  } finally {
    await Promise.all(runners.map(({ running }) => running.process.stop()));
  }
  const ordered = wanted.flatMap(({ id }) => rows.get(id) ?? []);
  const how = `${load.name}, ${settings.connections} connections, ${settings.rounds} rounds of ${settings.seconds} s each, in turns`;
  return {
    text: renderComparison(`${workload.title} (${how})`, ordered),
    data: { load: load.name, rows: ordered.map((row) => toJson(row, ordered)) },
    valid: ordered.every(({ invalid }) => invalid === undefined),
  };
}

async function startSystem(
  system: System,
  workload: Workload,
  context: BenchContext,
): Promise<Runner> {
  const running = await system.start(workload, context);
  try {
    await untilReady(running, workload);
  } catch (error) {
    await running.process.stop();
    throw error;
  }
  return { system, running, samples: [], before: usageOf(running.process.pid) };
}

/** One window; where anything is wrong with it, the whole row is. */
async function measureInto(
  runner: Runner,
  workload: Workload,
  context: BenchContext,
  { keep }: { readonly keep: boolean },
): Promise<void> {
  const { running } = runner;
  try {
    const before = usageOf(running.process.pid);
    const report = await sendLoad(runner, workload, context);
    const after = usageOf(running.process.pid);
    const faults = [...report.faults];
    if (report.requests === 0) faults.push('no request was answered');
    if (before !== undefined && after === undefined)
      faults.push(`the server ended: ${running.process.logTail()}`);
    const cpu =
      before === undefined || after === undefined
        ? undefined
        : after.cpuSeconds - before.cpuSeconds;
    if (cpu !== undefined && cpu < 0) faults.push('one of its processes ended');
    const wrong = faults.length > 0 ? undefined : await wrongAnswer(running.origin, workload);
    if (wrong !== undefined) faults.push(wrong);
    if (faults.length > 0) {
      runner.invalid = faults.join(', ');
    } else if (keep) {
      runner.samples.push({
        requestsPerSecond: report.requests / report.seconds,
        cpuPerRequest: cpu === undefined ? undefined : (cpu / report.requests) * 1e6,
        cores: cpu === undefined ? undefined : cpu / report.seconds,
        ...report.latency,
      });
    }
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    runner.invalid = error.message;
  }
}

async function sendLoad(
  { system, running }: Runner,
  workload: Workload,
  context: BenchContext,
): Promise<LoadReport> {
  const { connections, seconds } = context.settings;
  const { method, body, expected } = workload;
  const request: LoadRequest = {
    url: running.origin + workload.path,
    method,
    body,
    expected,
    connections,
    seconds,
  };
  if (system.needsLastAnswer !== true) return context.load.run(request, context);
  const probe = await autocannonLoad.run({ ...request, amount: connections * 4 }, context);
  if (probe.faults.length > 0) return probe;
  const amount = Math.max(connections, Math.round((probe.requests / probe.seconds) * seconds));
  const window = await autocannonLoad.run({ ...request, amount }, context);
  return {
    ...window,
    requests: window.requests + probe.requests,
    seconds: window.seconds + probe.seconds,
  };
}

function rowOf({ system, running, samples, before, invalid }: Runner): Row {
  const after = usageOf(running.process.pid);
  if (invalid !== undefined) return { system, samples: [], resident: undefined, invalid };
  const resident =
    before === undefined || after === undefined
      ? undefined
      : { before: before.residentBytes, after: after.residentBytes };
  return { system, samples, resident };
}

/** Asks until the right answer comes. Throws a `BenchError` with the last wrong one, or how the process ended. */
async function untilReady({ origin, process }: RunningSystem, workload: Workload): Promise<void> {
  const deadline = performance.now() + READY_MS;
  const state: { ended?: string } = {};
  void process.ended.then((how) => (state.ended = how));
  let wrong: string | undefined = 'not asked yet';
  while (state.ended === undefined && performance.now() < deadline) {
    wrong = await wrongAnswer(origin, workload);
    if (wrong === undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const why = state.ended === undefined ? wrong : `ended with ${state.ended}`;
  throw new BenchError({
    code: 'bench-not-ready',
    message: `${process.name} never gave the right answer: ${[why, process.logTail()].filter(Boolean).join('; ')}`,
  });
}

/** What is wrong with one answer, `undefined` where it is the right one. */
async function wrongAnswer(origin: string, workload: Workload): Promise<string | undefined> {
  try {
    const response = await fetch(origin + workload.path, {
      method: workload.method,
      ...(workload.body === undefined ? {} : { body: workload.body }),
      // A connection of its own: one that is kept would be among those that are measured.
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const text = await response.text();
    if (!response.ok) return `status ${response.status}: ${text.slice(0, 200)}`;
    if (text !== workload.expected) return `a wrong body: ${JSON.stringify(text.slice(0, 80))}`;
    return undefined;
  } catch (error) {
    const { message, cause } = error as Error;
    return cause instanceof Error ? `${message}: ${cause.message}` : message;
  }
}
