import { nearest } from '../../base/index.ts';
import { typeText, type ValueError } from '../../component/index.ts';
import { LaneError } from '../errors.ts';
import type { Callable, Callables } from './callables.ts';

const SHOWN = 100;

export function unknownFunction(path: string, { functions, list }: Callables): LaneError {
  const near = nearest(path.slice(0, 64), [...functions.keys()]);
  const known = list.map((each) => each.path);
  return new LaneError({
    code: 'export-unknown',
    status: 404,
    message: `it exports no function ${JSON.stringify(path.slice(0, 80))}`,
    fix:
      near === undefined
        ? `it has ${known.slice(0, 10).join(', ')}${known.length > 10 ? '…' : ''}`
        : `did you mean ${near}?`,
    details: {
      functions: known.slice(0, SHOWN),
      ...(near === undefined ? {} : { didYouMean: near }),
    },
  });
}

export function wrongMethod(method: string, allow: readonly string[]): LaneError {
  return new LaneError({
    code: 'method-not-allowed',
    status: 405,
    message: `${method.slice(0, 40)} is not taken here; ${allow.join(', ')} would be`,
    fix: 'call it with POST, its arguments as a JSON object in the body',
    details: { allow },
  });
}

export function wrongArgument({ path, expected, problem, message }: ValueError): LaneError {
  return new LaneError({
    code: 'argument-invalid',
    status: 400,
    message,
    fix: `give ${path} a value of ${expected.slice(0, 500)}`,
    details: { path, expected: expected.slice(0, 2000), problem },
  });
}

export function notJson(reason: string): LaneError {
  return new LaneError({
    code: 'arguments-not-json',
    status: 400,
    message: `the body is not JSON: ${reason.slice(0, 200)}`,
    fix: 'send the arguments as a JSON object with their WIT names: {"a": 1, "b": 2}',
  });
}

export function wrongMediaType(given: string, callable: Callable, raw: boolean): LaneError {
  const taken = raw ? ['application/json', 'application/octet-stream'] : ['application/json'];
  return new LaneError({
    code: 'media-type-unsupported',
    status: 415,
    message: `${callable.path} takes ${taken.join(' and ')}, not ${JSON.stringify(given.slice(0, 80))}`,
    fix: `send content-type: ${taken[0]}`,
    details: { accept: taken },
  });
}

/** The `err` of the function's own `result`. */
export function functionError(callable: Callable, json: unknown, expected: string): LaneError {
  return new LaneError({
    code: 'function-error',
    status: 422,
    message: `${callable.path} gave an error`,
    details: { error: json, type: expected.slice(0, 2000) },
  });
}

export function sessionUnknown(): LaneError {
  return new LaneError({
    code: 'session-unknown',
    status: 404,
    message: 'there is no such handle or session: it has ended, or is another caller’s',
    fix: 'make a new one; a session ends five minutes after its last call, an hour after its first, when a call fails, and when the function is deployed again',
  });
}

export function severalSessions(): LaneError {
  return new LaneError({
    code: 'sessions-mixed',
    status: 400,
    message: 'the handles of one call must be of one session',
    fix: 'send the header selvedge-session of the first answer when making the others',
  });
}

/** `add(a: s32, b: s32) -> s32`. */
export function signature(callable: Callable, { names }: Callables): string {
  const params = callable.params
    .map((each) => `${each.name}: ${typeText(each.type, names)}`)
    .join(', ');
  return `${callable.path}(${params})${callable.result === undefined ? '' : ` -> ${typeText(callable.result, names)}`}`;
}
