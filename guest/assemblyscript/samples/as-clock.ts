// What needs a grant: the wall clock and chance.

/** Milliseconds since 1970. */
export function now(): i64 {
  return Date.now();
}

/** Milliseconds of a clock that never goes back. */
export function elapsed(): f64 {
  return performance.now();
}

export function chance(): f64 {
  return Math.random();
}
