import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchContext, Benchmark } from './benchmark.ts';
import { installedSize, type InstalledSize } from './installed-size.ts';
import { pairedRatio, spread } from './statistics.ts';
import { edgeOf, selvedgeServe } from './systems/selvedge.ts';
import { formatNumber, formatTable } from './table.ts';

export const footprint: Benchmark = {
  name: 'footprint',
  summary: 'installed size, and the time until the command line and a host are there',
  byDefault: false,
  async run(context) {
    const size = installedSize(context.root);
    const timings = await measureTimes(context);
    return {
      text: `${renderSize(size)}\n\n${renderTimes(timings, context.settings.rounds)}`,
      data: { installed: size, times: timings.map(timingToJson(timings)) },
      valid: true,
    };
  },
};

interface Timing {
  readonly id: string;
  readonly title: string;
  /** Milliseconds, one for each round. */
  readonly samples: number[];
  /** Resolves when that is reached which is timed; what must be undone comes back. */
  readonly once: (round: number) => Promise<() => Promise<void>>;
}

/** What the ratios are to: the least that anything in Node takes. */
const floor = 'node -e 0';

/** One of each in turns, so that what disturbs the machine disturbs all of them. */
async function measureTimes(context: BenchContext): Promise<readonly Timing[]> {
  const timings = timingsOf(context);
  for (let round = 0; round <= context.settings.rounds; round += 1) {
    for (const timing of timings) {
      context.progress(`footprint: round ${round} of ${context.settings.rounds}, ${timing.id}`);
      const start = performance.now();
      const undo = await timing.once(round);
      const took = performance.now() - start;
      await undo();
      // Round 0 warms the file system's cache, and fills the code cache of `serve-again`.
      if (round > 0) timing.samples.push(took);
    }
  }
  return timings;
}

function timingsOf({ root, scratch, processes }: BenchContext): Timing[] {
  const start = (name: string, args: readonly string[]) =>
    processes.start({ name, command: process.execPath, args, cwd: root, scratch });
  const untilExit = (args: readonly string[]) => async () => {
    await start('command', args).output();
    return async () => {};
  };
  const untilReady = (dataOf: (round: number) => string, args: readonly string[]) => {
    return async (round: number) => {
      const data = join(scratch, dataOf(round));
      const host = start('serve', selvedgeServe(data, args));
      await host.line(edgeOf);
      return host.stop;
    };
  };
  /** The same without what an earlier start left behind. */
  const untilReadyFresh = (data: string, args: readonly string[]) => {
    const serve = untilReady(() => data, args);
    return async (round: number) => {
      const stop = await serve(round);
      return async () => {
        await stop();
        rmSync(join(scratch, data), { recursive: true });
      };
    };
  };
  const hello = ['fixtures/hello.wasm'];
  const timing = (id: string, title: string, once: Timing['once']): Timing => ({
    id,
    title,
    samples: [],
    once,
  });
  return [
    timing(floor, 'node -e 0', untilExit(['-e', '0'])),
    timing('version', 'selvedge --version', untilExit(['scripts/selvedge.mjs', '--version'])),
    timing('serve-empty', 'selvedge serve, no functions: ready', untilReadyFresh('empty', [])),
    timing(
      'serve-first',
      'selvedge serve hello.wasm, first start: ready',
      untilReadyFresh('first', hello),
    ),
    timing(
      'serve-again',
      'selvedge serve hello.wasm, code cached: ready',
      untilReady(() => 'again', hello),
    ),
  ];
}

const timingToJson = (all: readonly Timing[]) => (timing: Timing) => ({
  name: timing.id,
  title: timing.title,
  milliseconds: spread(timing.samples),
  ratioToNode: ratioToFloor(timing, all),
  samples: timing.samples,
});

function ratioToFloor({ samples }: Timing, all: readonly Timing[]): number | undefined {
  return pairedRatio(samples, all.find(({ id }) => id === floor)?.samples ?? []);
}

function renderTimes(timings: readonly Timing[], rounds: number): string {
  const rows = timings.map((timing) => {
    const { median, min, max } = spread(timing.samples);
    const ratio = ratioToFloor(timing, timings);
    return [
      timing.title,
      formatNumber(median),
      `${formatNumber(min)}–${formatNumber(max)}`,
      ratio === undefined ? '–' : `${formatNumber(ratio)}×`,
    ];
  });
  return `times (${rounds} rounds, in turns)\n\n${formatTable(
    [
      { title: 'what', align: 'left' },
      { title: 'ms', align: 'right' },
      { title: 'min–max', align: 'right' },
      { title: ': node -e 0', align: 'right' },
    ],
    rows,
  )}`;
}

/** How many packages are shown by name. */
const NAMED = 5;

function renderSize({ bytes, packages, ownMeasured }: InstalledSize): string {
  const named = packages.slice(0, NAMED);
  const own = packages.find(({ name }) => name === 'selvedge');
  if (own !== undefined && !named.includes(own)) named.push(own);
  const rest = bytes - named.reduce((sum, each) => sum + each.bytes, 0);
  const what = (name: string) =>
    name === 'selvedge'
      ? `selvedge itself (${ownMeasured === 'dist' ? 'built' : 'its sources: not built'})`
      : name;
  const row = (name: string, size: number) => [
    name,
    formatNumber(size / 2 ** 20),
    `${((size / bytes) * 100).toFixed(0)} %`,
  ];
  return `installed size, without development dependencies (${packages.length} packages)\n\n${formatTable(
    [
      { title: 'package', align: 'left' },
      { title: 'MiB', align: 'right' },
      { title: 'share', align: 'right' },
    ],
    [
      ...named.map(({ name, bytes: size }) => row(what(name), size)),
      row(`the ${packages.length - named.length} others`, rest),
      row('all', bytes),
    ],
  )}`;
}
