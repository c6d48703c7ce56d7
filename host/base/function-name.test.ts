import { expect, it } from 'vitest';
import { functionNameFault } from './function-name.ts';

it.each(['a', '0', 'hello', 'a-b', 'x'.repeat(63), 'com', 'com10', 'console'])(
  '%s may name a function',
  (name) => {
    expect(functionNameFault(name)).toBeUndefined();
  },
);

const grammar = [
  '',
  '-a',
  'a-',
  'A',
  'a_b',
  'a.b',
  'a/b',
  '../a',
  'a\n',
  'a\u0000',
  'é',
  'x'.repeat(64),
  '.',
  'a ',
  '%61',
];
const devices = ['con', 'nul', 'prn', 'aux', 'com1', 'lpt9'];

it.each([...grammar, ...devices])('%j may not, and the way out is said', (name) => {
  expect(functionNameFault(name)).toMatchObject({
    message: expect.any(String),
    fix: expect.any(String),
  });
});
