import { expect, test } from 'vitest';
import type { GuestStream } from '../io/index.ts';
import { StreamFailure } from '../io/index.ts';
import { FakeSink, FakeSource } from '../io/test-streams.ts';
import { testInstance } from '../test-instance.ts';
import { GuestExit } from './exit.ts';
import { cliP3 } from './p3.ts';

function open() {
  const { instance } = testInstance();
  const [stdin, stdout, stderr] = [new FakeSource(), new FakeSink(), new FakeSink()];
  const env: [string, string][] = [['SITE', 'north']];
  return {
    instance,
    stdin,
    stdout,
    stderr,
    cli: cliP3(instance, { args: ['run'], env, stdin, stdout, stderr }),
  };
}

function streamOf(...chunks: number[][]): GuestStream {
  return {
    async read() {
      const value = chunks.shift();
      return value === undefined ? { done: true } : { value };
    },
    [Symbol.dispose]() {},
  };
}

const OK = { tag: 'ok', val: undefined };

test('the environment is what was granted', () => {
  const environment = open().cli['wasi:cli/environment@0.3'];
  expect(environment.getEnvironment()).toEqual([['SITE', 'north']]);
  expect(environment.getArguments()).toEqual(['run']);
  expect(environment.getInitialCwd()).toBeUndefined();
});

test('a stream goes to stdout, and the future says that it did', async () => {
  const { stdout, stderr, cli } = open();
  expect(await cli['wasi:cli/stdout@0.3'].writeViaStream(streamOf([1, 2], [3]))).toEqual(OK);
  expect(await cli['wasi:cli/stderr@0.3'].writeViaStream(streamOf([4]))).toEqual(OK);
  expect([stdout.written, stderr.written, stdout.closed]).toEqual([[1, 2, 3], [4], 0]);
});

test('an output that is closed is a broken pipe, one that fails an i/o error', async () => {
  const { stdout, stderr, cli } = open();
  stdout.now({ room: undefined });
  expect(await cli['wasi:cli/stdout@0.3'].writeViaStream(streamOf([1]))).toEqual({
    tag: 'err',
    val: 'pipe',
  });
  stderr.now({ failure: new StreamFailure('io', 'io', 'broken') });
  expect(await cli['wasi:cli/stderr@0.3'].writeViaStream(streamOf([1]))).toEqual({
    tag: 'err',
    val: 'io',
  });
});

test('stdin is a stream with its end, which stays open for the next', async () => {
  const { stdin, cli } = open();
  stdin.push(1);
  stdin.end();
  const [stream, outcome] = cli['wasi:cli/stdin@0.3'].readViaStream();
  expect(await stream.next()).toEqual({ done: false, value: Uint8Array.of(1) });
  expect((await stream.next()).done).toBe(true);
  expect([await outcome, stdin.closed]).toEqual([OK, 0]);
});

test('exit ends the instance with its code, and never the host', () => {
  const { instance, cli } = open();
  expect(() => cli['wasi:cli/exit@0.3'].exitWithCode(7)).toThrow(GuestExit);
  expect(instance.fault).toMatchObject({ exitCode: 7 });
});

test('nothing is a terminal', () => {
  const { cli } = open();
  expect(cli['wasi:cli/terminal-stdin@0.3'].getTerminalStdin()).toBeUndefined();
  expect(cli['wasi:cli/terminal-stdout@0.3'].getTerminalStdout()).toBeUndefined();
});
