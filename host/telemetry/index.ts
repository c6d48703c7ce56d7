/**
 * What the host says about itself: log lines, trace identity, and counts of both.
 *
 * May import base. Must never know what a function, a request or a route is.
 */
export { silentLogger, type LogFields, type Logger } from './logger.ts';
export { createLogger, type LoggerOptions } from './pino-logger.ts';
export {
  createDescriptorSink,
  type DescriptorSinkOptions,
  type DescriptorWrite,
  type LogSink,
} from './sink.ts';
export { createTextSink, type TextSinkOptions } from './text-sink.ts';
export { reportLosses, type LossReportOptions } from './loss-report.ts';
export { countingMeter, noMeter, type DropReason, type LogCounts, type LogMeter } from './meter.ts';
export { createRedaction, type SecretRedaction } from './redaction.ts';
export {
  NO_SPAN,
  NO_TRACE,
  formatTraceparent,
  newSpanId,
  newTraceId,
  parseTraceparent,
  startTrace,
  type RandomBytes,
  type TraceContext,
  type TraceParent,
} from './trace-context.ts';
export {
  createLogBudget,
  type LogBudget,
  type LogBudgetOptions,
  type RequestLogBudget,
} from './log-budget.ts';
export {
  LINE_OVERHEAD,
  MAX_LINE,
  createGuestLog,
  type GuestLog,
  type GuestLogOptions,
} from './guest-log.ts';
