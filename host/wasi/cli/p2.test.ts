import { expect, test } from 'vitest';
import { GuestFault } from '../errors.ts';
import { FakeSink, FakeSource } from '../io/test-streams.ts';
import { testInstance } from '../test-instance.ts';
import { GuestExit } from './exit.ts';
import { cliP2, type CliOptions } from './p2.ts';

function open(options: Partial<CliOptions> = {}) {
  const { instance } = testInstance();
  const streams = { stdin: new FakeSource(), stdout: new FakeSink(), stderr: new FakeSink() };
  return {
    instance,
    ...streams,
    cli: cliP2(instance, { args: ['run', '-v'], env: [['SITE', 'north']], ...streams, ...options }),
  };
}

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (thrown) {
    return thrown;
  }
  throw new Error('the call returned');
}

test('environment, arguments and directory are what was given, each time', () => {
  const { cli } = open({ cwd: '/data' });
  const environment = cli['wasi:cli/environment'];
  environment.getEnvironment().push(['X', 'y']);
  environment.getArguments().push('x');
  expect(environment.getEnvironment()).toEqual([['SITE', 'north']]);
  expect(environment.getArguments()).toEqual(['run', '-v']);
  expect(environment.initialCwd()).toBe('/data');
  expect(open().cli['wasi:cli/environment'].initialCwd()).toBeUndefined();
});

test('exit ends the instance with its code and unwinds', () => {
  for (const [call, code] of [
    [(cli) => cli.exit({ tag: 'ok' }), 0],
    [(cli) => cli.exit({ tag: 'err' }), 1],
    [(cli) => cli.exitWithCode(42), 42],
  ] as [(cli: ReturnType<typeof cliP2>['wasi:cli/exit']) => void, number][]) {
    const { cli, instance } = open();
    const thrown = thrownBy(() => call(cli['wasi:cli/exit']));
    expect(thrown).toBeInstanceOf(GuestExit);
    expect(thrown).toBeInstanceOf(GuestFault);
    expect(thrown).toMatchObject({
      code: 'guest-exited',
      exitCode: code,
      details: { exitCode: code },
    });
    expect(instance.fault).toBe(thrown);
  }
});

test('a guest that catches the exit gets no further', () => {
  const { cli, stdout } = open();
  const out = cli['wasi:cli/stdout'].getStdout();
  out.checkWrite();
  const exit = thrownBy(() => cli['wasi:cli/exit'].exitWithCode(0));
  expect(thrownBy(() => out.write(Uint8Array.of(1)))).toBe(exit);
  expect(thrownBy(() => cli['wasi:cli/stdout'].getStdout())).toBe(exit);
  expect(stdout.written).toEqual([]);
});

test('standard streams can be had again after they were dropped, and belong to the host', async () => {
  const { cli, instance, stdin, stdout, stderr } = open();
  for (const byte of [1, 2]) {
    const [input, output, errors] = [
      cli['wasi:cli/stdin'].getStdin(),
      cli['wasi:cli/stdout'].getStdout(),
      cli['wasi:cli/stderr'].getStderr(),
    ];
    stdin.push(byte);
    expect(await input.blockingRead(10n)).toEqual(Uint8Array.of(byte));
    await output.blockingWriteAndFlush(Uint8Array.of(byte));
    await errors.blockingWriteAndFlush(Uint8Array.of(byte + 10));
    for (const stream of [input, output, errors]) stream[Symbol.dispose]();
  }
  instance.end();
  expect(stdout.written).toEqual([1, 2]);
  expect(stderr.written).toEqual([11, 12]);
  expect([stdin.closed, stdout.closed, stderr.closed]).toEqual([0, 0, 0]);
  expect(instance.handles).toBe(0);
});

test('nothing is a terminal unless it was given as one', () => {
  const bare = open().cli;
  expect(bare['wasi:cli/terminal-stdin'].getTerminalStdin()).toBeUndefined();
  expect(bare['wasi:cli/terminal-stdout'].getTerminalStdout()).toBeUndefined();
  expect(bare['wasi:cli/terminal-stderr'].getTerminalStderr()).toBeUndefined();
  const { cli } = open({ terminals: { stdin: true, stdout: true } });
  expect(cli['wasi:cli/terminal-stdin'].getTerminalStdin()).toBeInstanceOf(
    cli['wasi:cli/terminal-input'].TerminalInput,
  );
  expect(cli['wasi:cli/terminal-stdout'].getTerminalStdout()).toBeInstanceOf(
    cli['wasi:cli/terminal-output'].TerminalOutput,
  );
  expect(cli['wasi:cli/terminal-stderr'].getTerminalStderr()).toBeUndefined();
});
