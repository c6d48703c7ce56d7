import { describe, expect, test } from 'vitest';
import { examine } from './commands/doctor.ts';
import type { Machine } from './doctor-checks.ts';
import { checks } from './doctor-checks.ts';
import { thisMachine } from './machine.ts';
import { Output } from './output.ts';
import { httpFake, TextSinkFake } from './testing.ts';

const healthy: Machine = {
  platform: 'linux',
  nodeVersion: '26.10.0',
  hasJspi: true,
  data: '/data',
  addresses: ['127.0.0.1:8080'],
  loadTranspiler: () => Promise.resolve(),
  bind: () => Promise.resolve(),
  mode: (path) => Promise.resolve(path.endsWith('admin-token') ? 0o100600 : 0o40700),
  checkWritable: () => Promise.resolve(),
  openThroughProc: () => Promise.resolve(),
  readProc: (path) =>
    Promise.resolve(
      path.endsWith('limits') ? 'Max open files            65536   65536   files' : '262144\n',
    ),
};

async function diagnose(changes: Partial<Machine>) {
  const stdout = new TextSinkFake();
  const output = new Output(stdout, new TextSinkFake(), {}, false);
  const code = await examine({ ...healthy, ...changes }, { output });
  return { code, text: stdout.text };
}

describe('doctor', () => {
  test('finds nothing on a healthy machine', async () => {
    const { code, text } = await diagnose({});
    expect(code).toBe(0);
    expect(text).not.toContain('fix:');
    expect(text.match(/✓/g)).toHaveLength(checks.length);
    expect(text).toMatch(/\n\nA host can run here: selvedge serve\n$/);
  });

  const taken = () =>
    Promise.reject(Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' }));
  const fail = (message: string) => () => Promise.reject(new Error(message));
  test.each<[string, number, Partial<Machine>, RegExp]>([
    ['an old Node', 1, { nodeVersion: '20.1.0' }, /26 is needed/],
    ['no JSPI', 1, { hasJspi: false }, /Suspending is missing/],
    ['a broken transpiler', 1, { loadTranspiler: fail('no such module') }, /no such module/],
    ['a directory that cannot be written', 1, { checkWritable: fail('EACCES') }, /--data DIR/],
    ['a token that others may read', 1, { mode: () => Promise.resolve(0o100644) }, /chmod 600/],
    [
      'a data directory that others may write',
      0,
      { mode: (path) => Promise.resolve(path.endsWith('token') ? undefined : 0o40777) },
      /chmod go-w/,
    ],
    ['a port that is taken', 0, { bind: taken }, /127\.0\.0\.1:8080 is in use/],
    ['an address of another machine', 0, { bind: fail('EADDRNOTAVAIL') }, /EADDRNOTAVAIL/],
    ['no /proc', 0, { openThroughProc: fail('ENOENT') }, /do not work here[^]*need Linux/],
    [
      'few open files',
      0,
      { readProc: () => Promise.resolve('Max open files   1024  1024 files\n65530') },
      /ulimit -n/,
    ],
    ['few mappings', 0, { readProc: () => Promise.resolve('1000') }, /max_map_count=262144/],
  ])('names %s and how to mend it', async (_what, code, changes, message) => {
    const result = await diagnose(changes);
    expect(result.text).toMatch(message);
    expect(result.text).toContain('fix:');
    expect(result.code).toBe(code);
    expect(result.text).toMatch(
      code === 0
        ? /\n\nA host can run here; mind the warning/
        : /\n\nA host cannot run here before/,
    );
  });
});

describe('this machine', () => {
  test('tells a free address from a taken one', async () => {
    await using taken = await httpFake(() => {});
    const machine = thisMachine('/data', []);
    await expect(machine.bind('127.0.0.1:0')).resolves.toBeUndefined();
    await expect(machine.bind(new URL(taken.url).host)).rejects.toThrow('EADDRINUSE');
  });

  test('runs on what it needs itself', async () => {
    const machine = thisMachine('/data', []);
    expect(machine.hasJspi).toBe(true);
    await expect(machine.loadTranspiler()).resolves.toBeUndefined();
    expect(await machine.readProc('/proc/absent')).toBeUndefined();
  });
});
