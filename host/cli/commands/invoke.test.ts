import { describe, expect, test } from 'vitest';
import { answerJson, httpFake, run } from '../testing.ts';

async function invoke(argv: readonly string[], status: number, answer: unknown) {
  await using admin = await httpFake((_seen, response) => answerJson(response, status, answer));
  const result = await run(['invoke', ...argv, '--admin', admin.url], {
    env: { SELVEDGE_ADMIN_TOKEN: 'secret' },
  });
  return { ...result, seen: admin.seen[0] };
}

describe('invoke', () => {
  test('prints the result in WAVE', async () => {
    const { code, stdout, seen } = await invoke(['calc', 'add(1, 2)'], 200, { wave: '3', json: 3 });
    expect([code, stdout]).toEqual([0, '3\n']);
    expect(seen).toMatchObject({
      method: 'POST',
      path: '/v1/functions/calc/call',
      headers: { authorization: 'Bearer secret', 'content-type': 'application/json' },
    });
    expect(JSON.parse(String(seen?.body))).toEqual({ wave: 'add(1, 2)' });
  });

  test('shows the session that goes on, and joins one', async () => {
    const { stderr, seen } = await invoke(['calc', 'counter(1)', '--session', 'abc'], 200, {
      wave: '"abc.1"',
      session: 'abc',
    });
    expect(stderr).toContain('session abc');
    expect(JSON.parse(String(seen?.body))).toEqual({ wave: 'counter(1)', session: 'abc' });
  });

  test('prints the error of the function, and exits with 1', async () => {
    const problem = { code: 'function-error', wave: 'err("no")', error: 'no', status: 422 };
    expect(await invoke(['calc', 'f()'], 422, problem)).toMatchObject({
      code: 1,
      stdout: 'err("no")\n',
    });
    const { stdout } = await invoke(['calc', 'f()', '--json'], 422, problem);
    expect(JSON.parse(stdout)).toEqual({ wave: 'err("no")', error: 'no' });
  });

  test('says what is wrong with an argument', async () => {
    const problem = {
      code: 'argument-invalid',
      status: 400,
      detail: '$.b: it is missing',
      fix: 'give $.b a value of s32',
    };
    const { code, stderr } = await invoke(['calc', 'add(1)'], 400, problem);
    expect(code).toBe(1);
    expect(stderr).toContain('$.b: it is missing');
    expect(stderr).toContain('give $.b a value of s32');
  });

  test('hides what a terminal would obey', async () => {
    expect((await invoke(['calc', 'f()'], 200, { wave: '"\u001b[2J"' })).stdout).not.toContain(
      '\u001b',
    );
  });

  test('without parentheses it is refused with 2, and nothing is sent', async () => {
    const { code, stderr, seen } = await invoke(['calc', 'add'], 200, {});
    expect([code, seen]).toEqual([2, undefined]);
    expect(stderr).toContain("selvedge invoke calc 'add(1, 2)'");
  });
});
