/** `JSON.rawJSON` (ECMA-262, JSON.parse source text access), which TypeScript's library does not name yet. */
const { rawJSON } = JSON as JSON & { rawJSON(this: void, text: string): object };

/** What `JSON.stringify` writes as `-0`. */
export const NEGATIVE_ZERO: object = rawJSON('-0');
