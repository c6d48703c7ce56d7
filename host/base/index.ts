/**
 * What every layer stands on: errors and how the wire is told of them, units, clocks, versions.
 *
 * May import nothing of the project. Must never know what WebAssembly is, nor which server runs.
 */
export { SelvedgeError, type FailureDetails } from './errors.ts';
export { quote } from './quote.ts';
export { PROBLEM_CONTENT_TYPE, problemOf, retryAfterOf, type Problem } from './problem.ts';
export { systemClock, type Clock } from './clock.ts';
export { FUNCTION_NAME_PATTERN, functionNameFault } from './function-name.ts';
export { nearest } from './nearest.ts';
export { hostKey, isOnTrack } from './semver.ts';
export {
  UnitError,
  formatBytes,
  formatDuration,
  formatMilliseconds,
  parseBytes,
  parseDuration,
  parseMilliseconds,
} from './units.ts';
