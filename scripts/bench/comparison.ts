import type { Row, Sample } from './compare.ts';
import { pairedRatio, spread, type Spread } from './statistics.ts';
import { floor, rival } from './systems/systems.ts';
import { formatNumber, formatTable, type Column } from './table.ts';

const columns: readonly Column[] = [
  { title: 'system', align: 'left' },
  { title: 'isolation', align: 'left' },
  { title: 'req/s (min–max)', align: 'right' },
  { title: 'server CPU µs/req (min–max)', align: 'right' },
  { title: 'p50 ms', align: 'right' },
  { title: 'p99 ms', align: 'right' },
  { title: 'RSS MiB before → after', align: 'right' },
  { title: 'req/s : node', align: 'right' },
  { title: 'CPU : node', align: 'right' },
  { title: 'req/s : jco', align: 'right' },
  { title: 'CPU : jco', align: 'right' },
];

/** The table of one benchmark; under it, why a row has no figures. */
export function renderComparison(title: string, rows: readonly Row[]): string {
  const lines = rows.map((row) => cellsOf(row, rows));
  const notes = rows.flatMap(({ system, skipped, invalid }) => {
    const name = `${system.title}, isolation ${system.isolation}`;
    if (skipped !== undefined) return [`skipped: ${name}: ${skipped}`];
    return invalid === undefined ? [] : [`INVALID: ${name}: ${invalid}`];
  });
  return [title, '', formatTable(columns, lines), ...(notes.length > 0 ? ['', ...notes] : [])].join(
    '\n',
  );
}

function cellsOf(row: Row, rows: readonly Row[]): string[] {
  const { system, samples, resident } = row;
  if (samples.length === 0) {
    return [system.title, system.isolation, row.skipped === undefined ? 'INVALID' : 'skipped'];
  }
  const cpu = values(samples, 'cpuPerRequest');
  const ratio = (key: Measure, to: string) => {
    const value = ratioTo(row, rows, key, to);
    return value === undefined ? '–' : `${formatNumber(value)}×`;
  };
  return [
    system.title,
    system.isolation,
    formatSpread(spread(values(samples, 'requestsPerSecond'))),
    cpu.length === 0 ? '–' : formatSpread(spread(cpu)),
    formatNumber(spread(values(samples, 'p50')).median),
    formatNumber(spread(values(samples, 'p99')).median),
    resident === undefined ? '–' : `${mebibytes(resident.before)} → ${mebibytes(resident.after)}`,
    ratio('requestsPerSecond', floor),
    ratio('cpuPerRequest', floor),
    ratio('requestsPerSecond', rival),
    ratio('cpuPerRequest', rival),
  ];
}

/** A row for programs: every sample, and the ratios as the table has them. */
export function toJson(row: Row, rows: readonly Row[]): Record<string, unknown> {
  const { system, samples, resident, skipped, invalid } = row;
  const named = { system: system.id, title: system.title, isolation: system.isolation };
  if (skipped !== undefined) return { ...named, skipped };
  if (invalid !== undefined) return { ...named, invalid };
  const ratios = (to: string) => ({
    requestsPerSecond: ratioTo(row, rows, 'requestsPerSecond', to),
    cpuPerRequest: ratioTo(row, rows, 'cpuPerRequest', to),
  });
  const summary = (key: Measure) => {
    const all = values(samples, key);
    return all.length === 0 ? undefined : spread(all);
  };
  return {
    ...named,
    requestsPerSecond: summary('requestsPerSecond'),
    cpuMicrosecondsPerRequest: summary('cpuPerRequest'),
    serverCores: summary('cores'),
    latencyMilliseconds: { p50: summary('p50'), p99: summary('p99') },
    residentBytes: resident,
    ratioToNode: ratios(floor),
    ratioToJco: ratios(rival),
    samples,
  };
}

type Measure = keyof Sample;

function values(samples: readonly Sample[], key: Measure): number[] {
  return samples.map((sample) => sample[key]).filter((value) => value !== undefined);
}

function ratioTo(row: Row, rows: readonly Row[], key: Measure, to: string): number | undefined {
  const base = rows.find(({ system }) => system.id === to);
  return base && pairedRatio(values(row.samples, key), values(base.samples, key));
}

function formatSpread({ median, min, max }: Spread): string {
  return `${formatNumber(median)} (${formatNumber(min)}–${formatNumber(max)})`;
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}
