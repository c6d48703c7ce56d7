import { describe, expect, test } from 'vitest';
import { httpFake, run } from '../testing.ts';

async function call(argv: readonly string[], status = 200) {
  await using edge = await httpFake((seen, response) => {
    response
      .writeHead(status, { 'x-a': 'b' })
      .end(`${seen.method} ${seen.path} ${seen.body.toString()}`);
  });
  const result = await run(['call', ...argv, '--edge', edge.url]);
  return { ...result, seen: edge.seen[0] };
}

describe('call', () => {
  test.each([
    [['echo'], 'GET /fn/echo/ '],
    [['echo', '/a/b?c=d'], 'GET /fn/echo/a/b?c=d '],
    [['echo', 'a'], 'GET /fn/echo/a '],
    [['echo', '?c=d'], 'GET /fn/echo?c=d '],
    [['echo', '-d', 'hello'], 'POST /fn/echo/ hello'],
    [['echo', '-X', 'PUT', '-d', 'hello'], 'PUT /fn/echo/ hello'],
  ])('%j prints the answer', async (argv, stdout) => {
    expect(await call(argv)).toMatchObject({ code: 0, stdout, stderr: '' });
  });

  test('sends headers', async () => {
    const { seen } = await call(['echo', '-H', 'x-one: 1', '-H', 'x-two:2']);
    expect(seen?.headers).toMatchObject({ 'x-one': '1', 'x-two': '2' });
  });

  test('-i shows the status and the headers', async () => {
    const { stdout } = await call(['echo', '-i']);
    expect(stdout).toMatch(/^200 OK\n(.*\n)*x-a: b\n(.*\n)*\nGET/);
  });

  test('--json gives status, headers and body', async () => {
    const { stdout } = await call(['echo', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ status: 200, body: 'GET /fn/echo/ ' });
  });

  test('an answer of 400 and above is printed and exits with 1', async () => {
    const { code, stdout, stderr } = await call(['echo'], 503);
    expect(code).toBe(1);
    expect(stdout).toContain('GET /fn/echo/');
    expect(stderr).toContain('503');
  });

  test('a file that is not there is named, and nothing is sent', async () => {
    const { code, stderr, seen } = await call(['echo', '-d', '@absent']);
    expect({ code, seen }).toEqual({ code: 1, seen: undefined });
    expect(stderr).toContain('/nowhere/absent cannot be read');
  });

  test.each([
    ['a path that leaves the function', ['echo', '/../other']],
    ['a header without a colon', ['echo', '-H', 'nothing']],
    ['a method that is no token', ['echo', '-X', 'A B']],
  ])('%s is refused with 2 and nothing is sent', async (_what, argv) => {
    const { code, seen } = await call(argv);
    expect({ code, seen }).toEqual({ code: 2, seen: undefined });
  });
});
