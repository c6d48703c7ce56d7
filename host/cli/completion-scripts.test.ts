import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { commands } from './commands/all.ts';
import { run } from './testing.ts';

/** Asks bash itself what it would offer after these words. */
async function offered(words: readonly string[]): Promise<readonly string[]> {
  const { stdout: script } = await run(['completion', 'bash']);
  const ask = `COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _selvedge; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { status, stdout, stderr } = spawnSync(
    'bash',
    ['-c', `${script}\n${ask}`, 'bash', 'selvedge', ...words],
    {
      encoding: 'utf8',
    },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trim().split('\n');
}

describe('completion', () => {
  test('bash offers every command', async () => {
    expect(await offered([''])).toEqual(['help', ...commands.map(({ name }) => name)]);
  });

  test('bash offers the flags of a command', async () => {
    expect(await offered(['serve', '--li'])).toEqual(['--listen']);
    expect(await offered(['list', '--li'])).toEqual(['']);
  });

  test('bash offers the choices of a flag and of an argument', async () => {
    expect(await offered(['serve', '--clock', 'w'])).toEqual(['wall']);
    expect(await offered(['completion', ''])).toEqual(['bash', 'zsh', 'fish']);
  });

  test.each(['zsh', 'fish'])('%s gets every command and flag', async (shell) => {
    const { code, stdout } = await run(['completion', shell]);
    expect(code).toBe(0);
    for (const { name, options } of commands) {
      expect(stdout).toContain(name);
      for (const option of options) expect(stdout).toContain(option.name);
    }
  });
});
