import { pino } from 'pino';
import type { Clock } from '../base/index.ts';
import { escapeJsonLine } from './escape.ts';
import type { LogFields, Logger } from './logger.ts';
import { noMeter, type LogMeter } from './meter.ts';
import { noRedaction, type SecretRedaction } from './redaction.ts';
import type { LogSink } from './sink.ts';
import { timestampFormatter } from './timestamp.ts';
import { NO_SPAN, NO_TRACE } from './trace-context.ts';

export interface LoggerOptions {
  readonly destination: LogSink;
  /** Least level that is written. */
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  readonly serviceName: string;
  readonly clock: Clock;
  readonly redaction?: SecretRedaction | undefined;
  readonly meter?: LogMeter | undefined;
}

type Level = 'debug' | 'info' | 'warn' | 'error';

/** Members that the logger itself writes; a field of that name is written as `field.NAME`. */
const OWN = new Set(['ts', 'level', 'msg', 'service.name']);
/** What pino leaves out of a child's bindings. */
const PINO_OPTIONS = new Set(['serializers', 'formatters', 'customLevels']);
const TRACE_ID = /^[0-9a-f]{32}$/;
const SPAN_ID = /^[0-9a-f]{16}$/;

/**
 * A logger of JSON lines that always carry `ts` (RFC 3339, nanoseconds, UTC), `level`, `msg`,
 * `service.name`, `trace_id` and `span_id` (zeros outside of a request).
 */
export function createLogger(options: LoggerOptions): Logger {
  const { destination, clock, redaction = noRedaction, meter = noMeter } = options;
  const format = timestampFormatter();
  const sink = {
    write: (line: string) => destination.write(redaction.redact(escapeJsonLine(line))),
  };
  const out = pino(
    {
      level: options.level,
      base: { 'service.name': options.serviceName },
      messageKey: 'msg',
      timestamp: () => `,"ts":"${format(clock.wall())}"`,
      formatters: { level: (label) => ({ level: label }) },
      // Errors are described below, alike under any name; pino would do it once more for `err`.
      serializers: { err: (value: unknown) => value },
    },
    sink,
  );
  return build({ trace_id: NO_TRACE, span_id: NO_SPAN });

  function build(context: LogFields): Logger {
    // Fields that most lines share are written as JSON once; made with the first line, as many loggers never write one.
    let bound: typeof out | undefined;
    const bindable = !Object.keys(context).some((key) => PINO_OPTIONS.has(key));
    const write = (level: Level, fields: LogFields, msg: string): void => {
      if (!out.isLevelEnabled(level)) return;
      try {
        if (bindable && isPlain(context, fields)) {
          bound ??= out.child(context);
          bound[level](fields, msg);
        } else {
          out[level](merge(context, fields), msg);
        }
      } catch {
        // A getter or toJSON of a caller's value threw. The line is lost and counted; a request must not be.
        meter.dropped(1, 0, 'unwritable');
      }
    };
    return {
      debug: (fields, msg) => write('debug', fields, msg),
      info: (fields, msg) => write('info', fields, msg),
      warn: (fields, msg) => write('warn', fields, msg),
      error: (fields, msg) => write('error', fields, msg),
      child: (fields) => build(merge(context, fields)),
    };
  }
}

/** Whether `fields` can be written behind `context` as they are: pino writes a member twice when both have it. */
function isPlain(context: LogFields, fields: LogFields): boolean {
  for (const key of Object.keys(fields)) {
    if (Object.hasOwn(context, key) || isOwn(key) || fields[key] instanceof Error) return false;
  }
  return true;
}

/** Context and fields as one, errors described, no member of the logger's own replaced. */
function merge(context: LogFields, fields: LogFields): LogFields {
  const merged: Record<string, unknown> = { ...context };
  for (const [key, value] of Object.entries(fields)) {
    merged[isAllowed(key, value) ? key : `field.${key}`] =
      value instanceof Error ? describeError(value, 4) : value;
  }
  return merged;
}

function isAllowed(key: string, value: unknown): boolean {
  if (key === 'trace_id') return isText(value, TRACE_ID);
  if (key === 'span_id') return isText(value, SPAN_ID);
  return !isOwn(key);
}

/** pino looks names of `Object.prototype` up in plain objects, and would find functions. */
function isOwn(key: string): boolean {
  return OWN.has(key) || key in Object.prototype;
}

function isText(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value);
}

function describeError(error: Error, depth: number): LogFields {
  const { code } = error as NodeJS.ErrnoException;
  return {
    type: error.name,
    message: error.message,
    ...(code === undefined ? {} : { code }),
    stack: error.stack,
    ...(error.cause instanceof Error && depth > 0
      ? { cause: describeError(error.cause, depth - 1) }
      : {}),
  };
}
