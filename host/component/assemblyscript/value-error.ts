/** A value that is not of its AssemblyScript type. Who asked for the conversion makes it an answer. */
export class ScriptValueError extends Error {
  /** JSONPath of the value (RFC 9535): `$.points[3].x`. */
  readonly path: string;
  /** The type that was expected there. */
  readonly expected: string;
  /** What is wrong, as the end of a sentence that begins with the path. */
  readonly problem: string;

  constructor(path: string, expected: string, problem: string) {
    super(`${path}: ${problem}`);
    this.name = 'ScriptValueError';
    this.path = path;
    this.expected = expected;
    this.problem = problem;
  }
}

/** The path of a member. */
export function memberPath(path: string, name: string): string {
  if (/^[a-z_][a-z0-9_]*$/i.test(name)) return `${path}.${name}`;
  return `${path}['${name.slice(0, 80).replaceAll(/[\\']/g, String.raw`\$&`)}']`;
}

/** A value that a person gave, short enough for a message. */
export function shownValue(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value === 'bigint') return `${value}`.slice(0, 60);
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
