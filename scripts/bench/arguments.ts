import { parseArgs } from 'node:util';
import type { Benchmark, Settings } from './benchmark.ts';
import { BenchError } from './errors.ts';

export interface Command {
  readonly help: boolean;
  readonly benchmarks: readonly Benchmark[];
  readonly settings: Settings;
  /** A file for the results as JSON, `-` for stdout. */
  readonly json: string | undefined;
  /** The load that is asked for; otherwise wrk where it is there. */
  readonly load: 'wrk' | 'autocannon' | undefined;
}

const defaults = { seconds: 2, rounds: 5, connections: 16 };

/** Reads what stands after `npm run bench --`. Throws a `BenchError` for what it does not know. */
export function parseCommand(argv: readonly string[], all: readonly Benchmark[]): Command {
  const { values, positionals } = parse(argv);
  const names = positionals.filter((name) => name !== 'peers');
  const unknown = names.find((name) => !all.some((each) => each.name === name));
  if (unknown !== undefined) {
    const known = all.map(({ name }) => name).join(', ');
    throw usage(`There is no benchmark ${unknown}; there are: ${known}, and the word peers.`);
  }
  const { load } = values;
  if (load !== undefined && load !== 'wrk' && load !== 'autocannon') {
    throw usage(`The load is wrk or autocannon, not ${load}.`);
  }
  return {
    help: values.help ?? false,
    benchmarks: all.filter(({ name, byDefault }) =>
      names.length === 0 ? byDefault : names.includes(name),
    ),
    settings: {
      seconds: whole('seconds', values.seconds, 600),
      rounds: whole('rounds', values.rounds, 1000),
      connections: whole('connections', values.connections, 10_000),
      peers: positionals.includes('peers'),
    },
    json: values.json,
    load,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        json: { type: 'string' },
        seconds: { type: 'string' },
        rounds: { type: 'string' },
        connections: { type: 'string' },
        load: { type: 'string' },
      },
    });
  } catch (error) {
    throw usage((error as Error).message, error);
  }
}

function whole(name: keyof typeof defaults, text: string | undefined, max: number): number {
  if (text === undefined) return defaults[name];
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= max) return value;
  throw usage(`--${name} is a whole number from 1 to ${max}, not ${text}.`);
}

function usage(message: string, cause?: unknown): BenchError {
  return new BenchError({
    code: 'bench-usage',
    message,
    fix: 'See npm run bench -- --help',
    cause,
  });
}

export function helpText(all: readonly Benchmark[]): string {
  const names = all.map(
    ({ name, summary, byDefault }) =>
      `  ${name.padEnd(12)} ${summary}${byDefault ? '' : ' (only when named)'}`,
  );
  return `npm run bench -- [BENCHMARK…] [peers] [OPTION…]

Measures this checkout beside others in one run, and prints tables of medians and ratios.

Benchmarks:
${names.join('\n')}

  peers        also measure other runtimes that are on the PATH (wasmtime serve)

Options:
  --seconds N       length of one measured window (default ${defaults.seconds})
  --rounds N        windows for each system, in turns (default ${defaults.rounds})
  --connections N   connections that the load keeps busy (default ${defaults.connections})
  --load PROGRAM    wrk or autocannon (default: wrk where it is on the PATH)
  --json FILE       also write the results as JSON; - writes JSON to stdout, the tables to stderr
  -h, --help        this text

Exit code 0, or 1 where a row is invalid or nothing could be measured.
`;
}
