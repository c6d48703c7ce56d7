const VERSION = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;

/**
 * Whether `version` stands for the same interface as `base`: both of one major version, or below 1.0
 * of one minor version (semver.org, 4; the component model's canonical interface versions). Patches may
 * add functions, so this says nothing of those. A pre-release is compatible with nothing but itself,
 * a text that is no version with nothing at all.
 */
export function isOnTrack(version: string, base: string): boolean {
  const left = track(version);
  return left !== undefined && left === track(base);
}

function track(version: string): string | undefined {
  const match = VERSION.exec(version);
  if (match === null) return undefined;
  const [, major, minor, patch, prerelease] = match;
  if (prerelease !== undefined) return `${major}.${minor}.${patch}${prerelease}`;
  if (major !== '0') return `${major}`;
  return minor !== '0' ? `0.${minor}` : `0.0.${patch}`;
}

/**
 * The key of an interface among host objects. 0.2, the version most guests are built for, goes without version;
 * any other has its track (`wasi:http/types@0.3`), so that one component gets both where it imports both.
 */
export function hostKey(name: string, version: string | undefined): string {
  const found = version === undefined ? undefined : track(version);
  return found === undefined || found === '0.2' ? name : `${name}@${found}`;
}
