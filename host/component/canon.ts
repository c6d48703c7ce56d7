/** Canonical definitions (Binary.md, "Canonical Definitions"). */
import type { Cursor } from './bytes.ts';
import type { CanonDefinition, CanonOperation, CanonOptions, ResourceType } from './model.ts';
import type { Scope } from './scope.ts';
import { readResult } from './val-types.ts';

/** Reads one `canon` and gives the function that it makes its index. */
export function readCanon(cursor: Cursor, scope: Scope): CanonDefinition {
  const offset = cursor.pos;
  const code = cursor.byte();
  if (code === 0x00) return readLift(cursor, scope, offset);
  const operation = Object.freeze(readOperation(code, cursor, scope));
  const definition: CanonDefinition = Object.freeze({
    kind: 'canon',
    index: scope.next('core func'),
    operation,
    offset,
  });
  scope.push('core func', { definition, type: OPAQUE });
  return definition;
}

const OPAQUE = Object.freeze({ kind: 'opaque', sort: 'func' } as const);

function readLift(cursor: Cursor, scope: Scope, offset: number): CanonDefinition {
  expectFunc(cursor);
  const coreFunc = scope.read('core func', cursor).index;
  const options = readOptions(cursor, scope, 'lift');
  const at = cursor.pos;
  const { index: type, type: found } = scope.read('type', cursor);
  if (found.kind !== 'func')
    throw cursor.invalid(`type ${type} is a ${found.kind} where a func is wanted`, at);
  const operation: CanonOperation = Object.freeze({ op: 'lift', coreFunc, type, options });
  const definition: CanonDefinition = Object.freeze({
    kind: 'canon',
    index: scope.next('func'),
    operation,
    offset,
  });
  scope.push('func', { definition, type: found });
  return definition;
}

function expectFunc(cursor: Cursor): void {
  const sort = cursor.byte();
  if (sort !== 0x00) throw cursor.unexpected(sort, 'the sort of a lifted or lowered function');
}

const STREAM_OPS = [
  'new',
  'read',
  'write',
  'cancel-read',
  'cancel-write',
  'drop-readable',
  'drop-writable',
] as const;

const PLAIN: ReadonlyMap<number, CanonOperation> = new Map<number, CanonOperation>([
  [0x05, { op: 'task.cancel' }],
  [0x0d, { op: 'subtask.drop' }],
  [0x1e, { op: 'error-context.drop' }],
  [0x1f, { op: 'waitable-set.new' }],
  [0x22, { op: 'waitable-set.drop' }],
  [0x23, { op: 'waitable.join' }],
  [0x24, { op: 'backpressure.inc' }],
  [0x25, { op: 'backpressure.dec' }],
  [0x26, { op: 'thread.index' }],
  [0x28, { op: 'thread.resume-later' }],
  [0x42, { op: 'thread.available-parallelism' }],
]);

/** Tools up to 2026 wrote `cancellable` in the byte that is now always zero. */
const CANCELLABLE: ReadonlyMap<number, Cancellable> = new Map<number, Cancellable>([
  [0x0c, 'thread.yield'],
  [0x29, 'thread.suspend'],
  [0x2a, 'thread.suspend-then-resume'],
  [0x2b, 'thread.yield-then-resume'],
  [0x2c, 'thread.suspend-then-promote'],
  [0x2d, 'thread.yield-then-promote'],
]);

function readOperation(code: number, cursor: Cursor, scope: Scope): CanonOperation {
  const plain = PLAIN.get(code);
  if (plain !== undefined) return plain;
  const cancellable = CANCELLABLE.get(code);
  if (cancellable !== undefined)
    return { op: cancellable, cancellable: cursor.flag('cancellable') };
  if (code >= 0x0e && code <= 0x14)
    return readStream('stream', STREAM_OPS[code - 0x0e], cursor, scope);
  if (code >= 0x15 && code <= 0x1b)
    return readStream('future', STREAM_OPS[code - 0x15], cursor, scope);
  switch (code) {
    case 0x01: {
      expectFunc(cursor);
      const func = scope.read('func', cursor).index;
      return { op: 'lower', func, options: readOptions(cursor, scope, 'lower') };
    }
    case 0x02:
      return { op: 'resource.new', type: readResource(cursor, scope, true) };
    case 0x03:
      return { op: 'resource.drop', type: readResource(cursor, scope, false) };
    case 0x04:
      return { op: 'resource.rep', type: readResource(cursor, scope, true) };
    case 0x06:
      return { op: 'subtask.cancel', async: cursor.flag('async') };
    case 0x09: {
      const result = readResult(cursor, scope);
      return { op: 'task.return', result, options: readOptions(cursor, scope, 'task.return') };
    }
    case 0x0a:
    case 0x0b: {
      const type = cursor.byte();
      if (type !== 0x7f && type !== 0x7e)
        throw cursor.unexpected(type, 'the type of a context slot');
      return {
        op: code === 0x0a ? 'context.get' : 'context.set',
        type: type === 0x7f ? 'i32' : 'i64',
        slot: readSlot(cursor),
      };
    }
    case 0x1c:
      return { op: 'error-context.new', options: readOptions(cursor, scope, 'error-context.new') };
    case 0x1d:
      return {
        op: 'error-context.debug-message',
        options: readOptions(cursor, scope, 'error-context.debug-message'),
      };
    case 0x20:
    case 0x21: {
      const flag = cursor.flag('cancellable');
      const memory = scope.read('core memory', cursor).index;
      return {
        op: code === 0x20 ? 'waitable-set.wait' : 'waitable-set.poll',
        memory,
        cancellable: flag,
      };
    }
    case 0x27:
    case 0x41: {
      const type = readCoreFuncType(cursor, scope);
      const table = scope.read('core table', cursor).index;
      return { op: code === 0x27 ? 'thread.new-indirect' : 'thread.spawn-indirect', type, table };
    }
    case 0x2e:
      return readStream('stream', 'forward', cursor, scope);
    case 0x2f:
      return readStream('future', 'forward', cursor, scope);
    case 0x40:
      return { op: 'thread.spawn-ref', type: readCoreFuncType(cursor, scope) };
    default:
      throw cursor.unexpected(code, 'a canonical definition');
  }
}

type Cancellable = Extract<
  CanonOperation,
  { readonly cancellable: boolean; readonly op: `thread.${string}` }
>['op'];

function readStream(
  kind: 'stream' | 'future',
  op: (typeof STREAM_OPS)[number] | 'forward' | undefined,
  cursor: Cursor,
  scope: Scope,
): CanonOperation {
  const offset = cursor.pos;
  const { index: type, type: found } = scope.read('type', cursor);
  if (found.kind !== kind)
    throw cursor.invalid(`type ${type} is a ${found.kind} where a ${kind} is wanted`, offset);
  switch (op) {
    case 'read':
    case 'write':
      return { op: `${kind}.${op}`, type, options: readOptions(cursor, scope, `${kind}.${op}`) };
    case 'cancel-read':
    case 'cancel-write':
      return { op: `${kind}.${op}`, type, async: cursor.flag('async') };
    default:
      return { op: `${kind}.${op ?? 'new'}`, type };
  }
}

function readSlot(cursor: Cursor): number {
  const offset = cursor.pos;
  const slot = cursor.u32();
  if (slot > 1) throw cursor.invalid(`context slot ${slot} does not exist (there are 2)`, offset);
  return slot;
}

function readResource(cursor: Cursor, scope: Scope, mustBeLocal: boolean): number {
  const offset = cursor.pos;
  const { index, type } = scope.read('type', cursor);
  if (type.kind !== 'resource')
    throw cursor.invalid(`type ${index} is a ${type.kind} where a resource is wanted`, offset);
  if (mustBeLocal && !scope.local.has(type satisfies ResourceType)) {
    throw cursor.invalid(`resource type ${index} is not defined in this component`, offset);
  }
  return index;
}

function readCoreFuncType(cursor: Cursor, scope: Scope): number {
  const offset = cursor.pos;
  const { index, type } = scope.read('core type', cursor);
  if (type.kind !== 'sub' || type.composite.kind !== 'func') {
    throw cursor.invalid(`core type ${index} is not that of a function`, offset);
  }
  return index;
}

type OpenOptions = { -readonly [key in keyof CanonOptions]: CanonOptions[key] };

const ENCODINGS = ['utf8', 'utf16', 'latin1+utf16'] as const;
const OPTION_NAMES = [
  'string-encoding',
  '',
  '',
  'memory',
  'realloc',
  'post-return',
  'async',
  'callback',
  'core-type',
  'gc',
];

/** Reads options, each at most once, and refuses those that cannot stand together or there. */
function readOptions(cursor: Cursor, scope: Scope, op: string): CanonOptions {
  const begin = cursor.pos;
  const options: OpenOptions = {
    encoding: 'utf8',
    memory: undefined,
    realloc: undefined,
    postReturn: undefined,
    async: false,
    callback: undefined,
    coreType: undefined,
    gc: false,
  };
  const seen = new Set<string>();
  const count = cursor.count('canonical options', OPTION_NAMES.length);
  for (let i = 0; i < count; i++) {
    const offset = cursor.pos;
    const code = cursor.byte();
    const name = OPTION_NAMES[code < ENCODINGS.length ? 0 : code];
    if (name === undefined) throw cursor.unexpected(code, 'a canonical option');
    if (seen.has(name)) throw cursor.invalid(`canonical option ${name} is there twice`, offset);
    seen.add(name);
    readOption(code, options, cursor, scope);
  }
  const fail = (why: string): never => {
    throw cursor.invalid(`${op}: ${why}`, begin);
  };
  if (op !== 'lift' && options.postReturn !== undefined) fail('post-return is for lift alone');
  if (op !== 'lift' && options.callback !== undefined) fail('callback is for lift alone');
  if (options.callback !== undefined && !options.async) fail('callback without async');
  if (options.postReturn !== undefined && options.async) fail('post-return with async');
  if (options.realloc !== undefined && options.memory === undefined && !options.gc)
    fail('realloc without memory');
  if (options.coreType !== undefined && !options.gc) fail('core-type without gc');
  if (op === 'task.return' && options.realloc !== undefined) fail('takes no realloc');
  if (options.async && (op === 'task.return' || op.startsWith('error-context')))
    fail('cannot be async');
  return Object.freeze(options);
}

function readOption(code: number, options: OpenOptions, cursor: Cursor, scope: Scope): void {
  switch (code) {
    case 0x03:
      options.memory = scope.read('core memory', cursor).index;
      return;
    case 0x04:
      options.realloc = scope.read('core func', cursor).index;
      return;
    case 0x05:
      options.postReturn = scope.read('core func', cursor).index;
      return;
    case 0x06:
      options.async = true;
      return;
    case 0x07:
      options.callback = scope.read('core func', cursor).index;
      return;
    case 0x08:
      options.coreType = readCoreFuncType(cursor, scope);
      return;
    case 0x09:
      options.gc = true;
      return;
    default:
      options.encoding = ENCODINGS[code] ?? options.encoding;
  }
}
