import { expect, it } from 'vitest';
import { helpText, parseCommand } from './arguments.ts';
import { benchmarks } from './benchmarks.ts';

const namesOf = (...argv: string[]) => parseCommand(argv, benchmarks).benchmarks.map((b) => b.name);

it('runs the default ones unless some are named', () => {
  expect(namesOf()).toEqual(['hello', 'echo']);
  expect(namesOf('footprint')).toEqual(['footprint']);
  expect(namesOf('echo', 'hello')).toEqual(['hello', 'echo']);
});

it('takes peers as a word beside the benchmarks, not as one of them', () => {
  expect(namesOf('peers')).toEqual(['hello', 'echo']);
  expect(parseCommand(['peers'], benchmarks).settings.peers).toBe(true);
  expect(namesOf('hello', 'peers')).toEqual(['hello']);
  expect(parseCommand(['hello'], benchmarks).settings.peers).toBe(false);
});

it('reads the options', () => {
  const argv = ['--seconds', '3', '--rounds=7', '--connections', '4', '--json', '-'];
  expect(parseCommand(argv, benchmarks)).toMatchObject({
    settings: { seconds: 3, rounds: 7, connections: 4 },
    json: '-',
    load: undefined,
  });
});

it.each([
  [['helo'], /no benchmark helo; there are: hello, echo/],
  [['--seconds', '0'], /--seconds is a whole number/],
  [['--rounds', '1.5'], /--rounds is a whole number/],
  [['--connections', '-3'], /connections/],
  [['--load', 'ab'], /wrk or autocannon, not ab/],
  [['--fast'], /--fast/],
])('refuses %j', (argv, message) => {
  expect(() => parseCommand(argv, benchmarks)).toThrow(message);
});

it('names every benchmark in the help', () => {
  for (const { name, summary } of benchmarks) {
    expect(helpText(benchmarks)).toContain(name);
    expect(helpText(benchmarks)).toContain(summary);
  }
});
