import { styleText } from 'node:util';
import { escapeGuestText } from './escape.ts';
import type { LogSink } from './sink.ts';
import { NO_TRACE } from './trace-context.ts';

export interface TextSinkOptions {
  readonly sink: LogSink;
  readonly colour: boolean;
}

const STYLES = { debug: 'dim', info: 'green', warn: 'yellow', error: 'red' } as const;
/** Members that stand elsewhere in the line, or say what a person at a terminal knows. */
const PLACED = new Set([
  'ts',
  'level',
  'msg',
  'service.name',
  'span_id',
  'trace_id',
  'source',
  'stream',
]);

/** Turns the log's JSON lines into lines for a person at a terminal: `03:04:05.678 info  request path=/ status=200`. */
export function createTextSink({ sink, colour }: TextSinkOptions): LogSink {
  return {
    write: (line) => sink.write(`${format(JSON.parse(line) as Record<string, unknown>, colour)}\n`),
    flush: (deadlineMs) => sink.flush(deadlineMs),
  };
}

function format(line: Record<string, unknown>, colour: boolean): string {
  const style = (how: Parameters<typeof styleText>[0], text: string) =>
    colour ? styleText(how, text, { validateStream: false }) : text;
  const level = String(line['level']);
  const parts = [
    style('dim', String(line['ts']).slice(11, 23)),
    style(STYLES[level as keyof typeof STYLES] ?? 'dim', level.padEnd(5)),
  ];
  if (line['source'] === 'guest')
    parts.push(style('cyan', `${String(line['function'])} ${shown(line['stream'] ?? '')}|`));
  parts.push(escapeGuestText(String(line['msg'])));
  for (const [name, value] of Object.entries(line)) {
    if (PLACED.has(name) || (name === 'function' && line['source'] === 'guest')) continue;
    parts.push(style('dim', `${escapeGuestText(name)}=`) + shown(value));
  }
  if (line['trace_id'] !== NO_TRACE) parts.push(style('dim', `trace=${String(line['trace_id'])}`));
  return parts.join(' ');
}

/** The line was parsed, so what its JSON had escaped is bare again: everything is escaped anew before a terminal sees it. */
function shown(value: unknown): string {
  const text =
    typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  return escapeGuestText(text);
}
