import { describe, expect, test } from 'vitest';
import { commands } from './commands/all.ts';
import { run } from './testing.ts';

describe('the command line', () => {
  test.each(['--version', '-V'])('%s prints the version alone', async (flag) => {
    expect(await run([flag])).toEqual({ code: 0, stdout: '1.2.3\n', stderr: '' });
  });

  test('the help lists every command and the exit codes', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    for (const { name, summary } of commands) {
      expect(stdout).toContain(name);
      expect(stdout.replaceAll(/\s+/g, ' ')).toContain(summary);
    }
    for (const exit of [0, 1, 2, 3]) expect(stdout).toMatch(new RegExp(`^  ${exit}  `, 'm'));
  });

  test('nothing at all prints the help and is a mistake of usage', async () => {
    const { code, stdout } = await run([]);
    expect(code).toBe(2);
    expect(stdout).toContain('Usage: selvedge');
  });

  test.each(commands.map(({ name }) => name))(
    '%s --help shows its options and examples',
    async (name) => {
      const { code, stdout } = await run([name, '--help']);
      expect(code).toBe(0);
      expect(stdout).toContain(`Usage: selvedge ${name}`);
      expect(stdout).toContain('--json');
      expect(stdout).toMatch(/Examples:\n {2}# .*\n {2}\$ .*selvedge/);
    },
  );

  test('a mistyped command is answered with the one that was meant', async () => {
    const { code, stderr } = await run(['deplyo']);
    expect(code).toBe(2);
    expect(stderr).toContain('Did you mean deploy?');
  });

  test('a mistyped flag is answered with the one that was meant', async () => {
    const { code, stderr } = await run(['serve', '--lisen', '127.0.0.1:0']);
    expect(code).toBe(2);
    expect(stderr).toContain('Did you mean --listen?');
  });

  test.each([
    ['a missing argument', ['show']],
    ['one argument too many', ['list', 'x']],
    ['a value outside the choices', ['serve', 'x.wasm', '--clock', 'sundial']],
    ['a repeated flag with one bad value', ['serve', 'x.wasm', '--clock', 'wall', '--clock', 'x']],
    ['a bad function name', ['show', 'No_Name']],
    ['a version that is none', ['activate', 'x', '0']],
    ['an admin URL that is none', ['list', '--admin', 'localhost']],
  ])('%s exits with 2', async (_what, argv) => {
    const { code, stdout, stderr } = await run(argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/error:/);
  });

  test('an unexpected failure is called a bug, and as JSON with --json', async () => {
    const broken = { serve: () => Promise.reject(new Error('boom')) };
    const text = await run(['serve'], broken);
    expect(text.code).toBe(1);
    expect(text.stderr).toContain('error: boom');
    const json = await run(['serve', '--json'], broken);
    expect(json).toMatchObject({ code: 1, stdout: '' });
    expect(JSON.parse(json.stderr)).toMatchObject({
      event: 'error',
      code: 'internal-error',
      message: 'boom',
    });
  });
});
