/**
 * RFC 3339 in UTC with nanoseconds, e.g. `2026-11-24T02:10:00.123456789Z`, of nanoseconds since
 * 1970. The date is worked out once a second: this runs for every line.
 */
export function timestampFormatter(): (wallNanoseconds: bigint) => string {
  let second = -1n;
  let prefix = '';
  return (wallNanoseconds) => {
    const now = wallNanoseconds / 1_000_000_000n;
    if (now !== second) {
      second = now;
      prefix = new Date(Number(now) * 1000).toISOString().slice(0, -4);
    }
    return `${prefix}${(wallNanoseconds % 1_000_000_000n).toString().padStart(9, '0')}Z`;
  };
}
