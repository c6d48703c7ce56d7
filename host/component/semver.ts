import { ComponentError, quote } from './errors.ts';

/** A semantic version (semver.org 2.0.0), its build metadata kept but of no meaning. */
export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  readonly prerelease: readonly string[];
  readonly build: readonly string[];
}

const CORE = /^(0|[1-9][0-9]{0,14})\.(0|[1-9][0-9]{0,14})\.(0|[1-9][0-9]{0,14})$/;
const IDENTIFIER = /^[0-9A-Za-z-]+$/;
const LEADING_ZERO = /^0[0-9]+$/;

/** The version that the text says, or `undefined` where it is none. */
export function tryParseVersion(text: string): Version | undefined {
  const plus = text.indexOf('+');
  const beforeBuild = plus < 0 ? text : text.slice(0, plus);
  const dash = beforeBuild.indexOf('-');
  const core = CORE.exec(dash < 0 ? beforeBuild : beforeBuild.slice(0, dash));
  if (core === null) return undefined;
  const prerelease = dash < 0 ? [] : beforeBuild.slice(dash + 1).split('.');
  const build = plus < 0 ? [] : text.slice(plus + 1).split('.');
  if (!prerelease.every((part) => IDENTIFIER.test(part) && !LEADING_ZERO.test(part)))
    return undefined;
  if (!build.every((part) => IDENTIFIER.test(part))) return undefined;
  return {
    major: Number(core[1]),
    minor: Number(core[2]),
    patch: Number(core[3]),
    prerelease,
    build,
  };
}

/** As `tryParseVersion`, but throws `ComponentError` `invalid-version`. */
export function parseVersion(text: string): Version {
  const version = tryParseVersion(text);
  if (version === undefined) {
    throw new ComponentError({
      code: 'invalid-version',
      message: `${quote(text)} is not a semantic version`,
      fix: 'Write a version such as 0.2.6 or 1.0.0-rc.1.',
    });
  }
  return version;
}

/**
 * The part of a version that two compatible ones share (Explainer.md, canonical interface
 * versions): `1` of 1.4.2, `0.2` of 0.2.6, `0.0.3` of 0.0.3, and a pre-release whole.
 */
export function versionTrack(version: string): string {
  const { major, minor, patch, prerelease } = parseVersion(version);
  if (prerelease.length > 0) return `${major}.${minor}.${patch}-${prerelease.join('.')}`;
  if (major > 0) return `${major}`;
  if (minor > 0) return `0.${minor}`;
  return `0.0.${patch}`;
}

/**
 * Whether an interface at `version` can stand for one wanted at `wanted`: both are on one track.
 * Later patches may add functions, so that a match of versions is not yet one of functions.
 * No version matches only no version. Throws `invalid-version`.
 */
export function isCompatible(version: string | undefined, wanted: string | undefined): boolean {
  if (version === undefined || wanted === undefined) return version === wanted;
  return versionTrack(version) === versionTrack(wanted);
}

/** Precedence (semver.org, 11): negative where `left` is older. Throws `invalid-version`. */
export function compareVersions(left: string, right: string): number {
  const a = parseVersion(left);
  const b = parseVersion(right);
  const core = a.major - b.major || a.minor - b.minor || a.patch - b.patch;
  if (core !== 0) return core;
  if (a.prerelease.length === 0 || b.prerelease.length === 0)
    return b.prerelease.length - a.prerelease.length;
  for (let i = 0; i < Math.min(a.prerelease.length, b.prerelease.length); i++) {
    const order = compareIdentifiers(a.prerelease[i]!, b.prerelease[i]!);
    if (order !== 0) return order;
  }
  return a.prerelease.length - b.prerelease.length;
}

function compareIdentifiers(left: string, right: string): number {
  const leftIsNumber = /^[0-9]+$/.test(left);
  const rightIsNumber = /^[0-9]+$/.test(right);
  if (leftIsNumber !== rightIsNumber) return leftIsNumber ? -1 : 1;
  // Without leading zeros, the longer of two numbers is the larger, whatever their size.
  if (leftIsNumber && left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}
