import { describe, expect, it } from 'vitest';

import { compareVersions, isCompatible, tryParseVersion, versionTrack } from './semver.ts';
import { errorOf } from './test-support.ts';

describe('isCompatible', () => {
  it.each([
    ['0.2.0', '0.2.12', true],
    ['0.2.12', '0.2.6', true],
    ['0.3.2', '0.3.0', true],
    ['0.2.6', '0.3.0', false],
    ['1.0.0', '1.9.3', true],
    ['1.0.0', '2.0.0', false],
    ['0.0.1', '0.0.2', false],
    ['0.0.1', '0.0.1', true],
    ['0.3.0-rc-2025-09-16', '0.3.0', false],
    ['0.3.0-rc.1', '0.3.0-rc.1', true],
    ['0.3.0-rc.1', '0.3.0-rc.2', false],
    ['1.2.3+linux', '1.2.4', true],
    [undefined, undefined, true],
    [undefined, '0.2.0', false],
  ])('%s for %s: %s', (version, wanted, expected) => {
    expect(isCompatible(version, wanted)).toBe(expected);
    expect(isCompatible(wanted, version)).toBe(expected);
  });

  it('refuses what is no version', () => {
    expect(errorOf(() => isCompatible('0.2', '0.2.0'))).toMatchObject({ code: 'invalid-version' });
  });
});

describe('versions', () => {
  it('orders as semver.org section 11 does', () => {
    const ordered = [
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-beta',
      '1.0.0-beta.2',
      '1.0.0-beta.11',
      '1.0.0-rc.1',
      '1.0.0',
      '1.0.1',
      '1.2.0',
      '10.0.0',
    ];
    expect(ordered.toReversed().toSorted(compareVersions)).toEqual(ordered);
    expect(compareVersions('1.0.0+a', '1.0.0+b')).toBe(0);
  });

  it.each([
    '',
    '1',
    '1.0',
    '1.0.0.0',
    '01.0.0',
    '1.0.0-',
    '1.0.0-01',
    '1.0.0-a..b',
    '1.0.0+',
    'v1.0.0',
    '1.0.0 ',
    '1.0.0-ä',
  ])('does not take %j for a version', (text) => {
    expect(tryParseVersion(text)).toBeUndefined();
  });

  it('names the track that compatible versions share', () => {
    expect(['1.4.2', '0.2.6', '0.0.3', '1.0.0-rc.1'].map(versionTrack)).toEqual([
      '1',
      '0.2',
      '0.0.3',
      '1.0.0-rc.1',
    ]);
  });
});
