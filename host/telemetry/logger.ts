/** Members of a log line. Values are written as JSON; `Error`s with their code, message and stack. */
export type LogFields = Readonly<Record<string, unknown>>;

/** What every part of the host logs to. Never throws and never waits for the sink. */
export interface Logger {
  debug(fields: LogFields, msg: string): void;
  info(fields: LogFields, msg: string): void;
  warn(fields: LogFields, msg: string): void;
  error(fields: LogFields, msg: string): void;
  /** A logger whose lines also carry `fields`; `trace_id` and `span_id` replace the zeros. */
  child(fields: LogFields): Logger;
}

/** For tests and for parts that run without a log. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};
