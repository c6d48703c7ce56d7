import { describe, expect, it } from 'vitest';

import { readComponent } from './component.ts';
import { assemble, COMPONENT, errorOf, raw, section } from './test-support.ts';

const PRELUDE = `
  (core module $libc
    (memory (export "memory") 1)
    (table (export "table") 1 funcref)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
    (func (export "f"))
    (func (export "cb") (param i32 i32 i32) (result i32) i32.const 0))
  (core instance $i (instantiate $libc))
  (alias core export $i "memory" (core memory $memory))
  (alias core export $i "table" (core table $table))
  (alias core export $i "realloc" (core func $realloc))
  (alias core export $i "f" (core func $f))
  (alias core export $i "cb" (core func $cb))
  (core type $start (func (param i32)))
  (type $r (resource (rep i32)))
  (type $s (stream u8))
  (type $u (future string))
  (type $ft (func))
  (type $aft (func async))
  (import "g" (func $g (param "x" string)))`;

const NONE = {
  encoding: 'utf8',
  memory: undefined,
  realloc: undefined,
  postReturn: undefined,
  async: false,
  callback: undefined,
  coreType: undefined,
  gc: false,
};

async function canon(definition: string) {
  const component = readComponent(await assemble(`(component ${PRELUDE} ${definition})`));
  const last = component.definitions.at(-1);
  if (last?.kind !== 'canon') throw new Error('the last definition is no canon');
  const space = last.operation.op === 'lift' ? component.spaces.funcs : component.spaces.coreFuncs;
  expect(space[last.index]?.definition).toBe(last);
  return last.operation;
}

describe('canonical definitions', () => {
  it.each([
    [
      '(func (type $ft) (canon lift (core func $f)))',
      { op: 'lift', coreFunc: 1, type: 3, options: NONE },
    ],
    [
      '(func (type $ft) (canon lift (core func $f) (memory $memory) (realloc $realloc) (post-return $f) string-encoding=utf16))',
      { op: 'lift', options: { ...NONE, encoding: 'utf16', memory: 0, realloc: 0, postReturn: 1 } },
    ],
    [
      '(func (type $aft) (canon lift (core func $f) async (callback $cb)))',
      { op: 'lift', options: { ...NONE, async: true, callback: 2 } },
    ],
    [
      '(core func (canon lower (func $g) (memory $memory) string-encoding=latin1+utf16))',
      { op: 'lower', func: 0, options: { ...NONE, encoding: 'latin1+utf16', memory: 0 } },
    ],
    [
      '(core func (canon lower (func $g) async (memory $memory)))',
      { op: 'lower', options: { ...NONE, async: true, memory: 0 } },
    ],
    ['(core func (canon resource.new $r))', { op: 'resource.new', type: 0 }],
    ['(core func (canon resource.drop $r))', { op: 'resource.drop', type: 0 }],
    ['(core func (canon resource.rep $r))', { op: 'resource.rep', type: 0 }],
    ['(core func (canon backpressure.inc))', { op: 'backpressure.inc' }],
    ['(core func (canon backpressure.dec))', { op: 'backpressure.dec' }],
    [
      '(core func (canon task.return (result u32)))',
      { op: 'task.return', result: { kind: 'u32' }, options: NONE },
    ],
    ['(core func (canon task.return))', { op: 'task.return', result: undefined }],
    ['(core func (canon task.cancel))', { op: 'task.cancel' }],
    ['(core func (canon context.get i32 0))', { op: 'context.get', type: 'i32', slot: 0 }],
    ['(core func (canon context.set i32 1))', { op: 'context.set', type: 'i32', slot: 1 }],
    ['(core func (canon subtask.drop))', { op: 'subtask.drop' }],
    ['(core func (canon subtask.cancel async))', { op: 'subtask.cancel', async: true }],
    ['(core func (canon stream.new $s))', { op: 'stream.new', type: 1 }],
    [
      '(core func (canon stream.read $s async (memory $memory)))',
      { op: 'stream.read', type: 1, options: { async: true, memory: 0 } },
    ],
    [
      '(core func (canon stream.write $s (memory $memory)))',
      { op: 'stream.write', type: 1, options: { async: false } },
    ],
    [
      '(core func (canon stream.cancel-read $s))',
      { op: 'stream.cancel-read', type: 1, async: false },
    ],
    [
      '(core func (canon stream.cancel-write $s async))',
      { op: 'stream.cancel-write', type: 1, async: true },
    ],
    ['(core func (canon stream.drop-readable $s))', { op: 'stream.drop-readable', type: 1 }],
    ['(core func (canon stream.drop-writable $s))', { op: 'stream.drop-writable', type: 1 }],
    ['(core func (canon future.new $u))', { op: 'future.new', type: 2 }],
    [
      '(core func (canon future.read $u (memory $memory) (realloc $realloc)))',
      { op: 'future.read', type: 2 },
    ],
    ['(core func (canon future.write $u (memory $memory)))', { op: 'future.write', type: 2 }],
    ['(core func (canon future.cancel-read $u))', { op: 'future.cancel-read', type: 2 }],
    ['(core func (canon future.cancel-write $u))', { op: 'future.cancel-write', type: 2 }],
    ['(core func (canon future.drop-readable $u))', { op: 'future.drop-readable', type: 2 }],
    ['(core func (canon future.drop-writable $u))', { op: 'future.drop-writable', type: 2 }],
    [
      '(core func (canon error-context.new (memory $memory)))',
      { op: 'error-context.new', options: { memory: 0 } },
    ],
    [
      '(core func (canon error-context.debug-message (memory $memory) (realloc $realloc)))',
      { op: 'error-context.debug-message', options: { realloc: 0 } },
    ],
    ['(core func (canon error-context.drop))', { op: 'error-context.drop' }],
    ['(core func (canon waitable-set.new))', { op: 'waitable-set.new' }],
    [
      '(core func (canon waitable-set.wait (memory $memory)))',
      { op: 'waitable-set.wait', memory: 0, cancellable: false },
    ],
    [
      '(core func (canon waitable-set.poll (memory $memory)))',
      { op: 'waitable-set.poll', memory: 0 },
    ],
    ['(core func (canon waitable-set.drop))', { op: 'waitable-set.drop' }],
    ['(core func (canon waitable.join))', { op: 'waitable.join' }],
    ['(core func (canon thread.yield))', { op: 'thread.yield', cancellable: false }],
    ['(core func (canon thread.index))', { op: 'thread.index' }],
    ['(core func (canon thread.suspend))', { op: 'thread.suspend' }],
    [
      '(core func (canon thread.new-indirect $start (core table $table)))',
      { op: 'thread.new-indirect', type: 0, table: 0 },
    ],
    ['(core func (canon thread.spawn-ref $start))', { op: 'thread.spawn-ref', type: 0 }],
    [
      '(core func (canon thread.spawn-indirect $start (core table $table)))',
      { op: 'thread.spawn-indirect', type: 0, table: 0 },
    ],
    ['(core func (canon thread.available_parallelism))', { op: 'thread.available-parallelism' }],
  ])('reads %s', async (definition, expected) => {
    expect(await canon(definition)).toMatchObject(expected);
  });

  it('reads the cancellable byte that older tools wrote', () => {
    const component = readComponent(raw(COMPONENT, section(8, 2, 0x0c, 1, 0x2b, 0)));
    expect(component.definitions).toMatchObject([
      { operation: { op: 'thread.yield', cancellable: true } },
      { operation: { op: 'thread.yield-then-resume', cancellable: false } },
    ]);
  });

  it.each([
    [
      'two encodings',
      '(func (type $ft) (canon lift (core func $f) string-encoding=utf8 string-encoding=utf16))',
      'twice',
    ],
    [
      'two memories',
      '(core func (canon lower (func $g) (memory $memory) (memory $memory)))',
      'twice',
    ],
    [
      'realloc without memory',
      '(core func (canon lower (func $g) (realloc $realloc)))',
      'realloc without memory',
    ],
    [
      'post-return of a lowering',
      '(core func (canon lower (func $g) (memory $memory) (post-return $f)))',
      'lift alone',
    ],
    [
      'a callback that is not async',
      '(func (type $ft) (canon lift (core func $f) (callback $cb)))',
      'without async',
    ],
    [
      'post-return with async',
      '(func (type $aft) (canon lift (core func $f) async (post-return $f)))',
      'with async',
    ],
    ['a stream that is none', '(core func (canon stream.new $u))', 'where a stream is wanted'],
    [
      'a lift to no function type',
      '(func (type $s) (canon lift (core func $f)))',
      'where a func is wanted',
    ],
    [
      'a memory that does not exist',
      '(core func (canon lower (func $g) (memory 7)))',
      'core memory 7 does not exist',
    ],
    ['a third context slot', '(core func (canon context.get i32 2))', 'slot 2'],
  ])('refuses %s', async (_, definition, words) => {
    const bytes = await assemble(`(component ${PRELUDE} ${definition})`);
    const error = errorOf(() => readComponent(bytes));
    expect(error).toMatchObject({ code: 'invalid-component' });
    expect(error.message).toContain(words);
  });

  it('refuses unknown codes and options', () => {
    expect(errorOf(() => readComponent(raw(COMPONENT, section(8, 1, 0x07)))).code).toBe(
      'malformed-component',
    );
    expect(
      errorOf(() => readComponent(raw(COMPONENT, section(8, 1, 0x1c, 1, 0x0a)))).message,
    ).toContain('canonical option');
  });
});
