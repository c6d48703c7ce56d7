/** A value that is not of its WIT type. Who asked for the conversion makes it an answer. */
export class ValueError extends Error {
  /** JSONPath of the value (RFC 9535): `$.points[3]['display-name']`. */
  readonly path: string;
  /** The WIT type that was expected there. */
  readonly expected: string;
  /** What is wrong, as the end of a sentence that begins with the path. */
  readonly problem: string;

  constructor(path: string, expected: string, problem: string) {
    super(`${path}: ${problem}`);
    this.name = 'ValueError';
    this.path = path;
    this.expected = expected;
    this.problem = problem;
  }
}

/** The path of a member. */
export function member(path: string, name: string): string {
  return /^[a-z_][a-z0-9_]*$/i.test(name)
    ? `${path}.${name}`
    : `${path}['${name.slice(0, 80).replaceAll(/[\\']/g, String.raw`\$&`)}']`;
}

/** A value that a person gave, short enough for a message. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value === 'bigint') return `${value}`;
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
