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
