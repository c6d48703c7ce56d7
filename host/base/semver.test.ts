import { expect, test } from 'vitest';
import { hostKey, isOnTrack } from './semver.ts';

test.each([
  ['0.2.0', '0.2.0', true],
  ['0.2.12', '0.2.0', true],
  ['0.2.3+build.7', '0.2.0', true],
  ['0.3.0', '0.2.0', false],
  ['1.4.2', '1.0.0', true],
  ['2.0.0', '1.0.0', false],
  ['0.0.3', '0.0.3', true],
  ['0.0.4', '0.0.3', false],
  ['0.2.0-rc-2023-11-10', '0.2.0', false],
  ['0.3.0-rc.1', '0.3.0-rc.1', true],
  ['0.2', '0.2.0', false],
  ['00.2.0', '0.2.0', false],
  ['', '', false],
])('%s is on the track of %s: %s', (version, base, expected) => {
  expect(isOnTrack(version, base)).toBe(expected);
});

test.each([
  [undefined, 'wasi:http/types'],
  ['0.2.12', 'wasi:http/types'],
  ['0.3.0', 'wasi:http/types@0.3'],
  ['0.3.2', 'wasi:http/types@0.3'],
  ['1.2.0', 'wasi:http/types@1'],
])('the host keeps wasi:http/types %s under %s', (version, key) => {
  expect(hostKey('wasi:http/types', version)).toBe(key);
});
