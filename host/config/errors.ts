import { SelvedgeError } from '../base/index.ts';

/** One thing that is wrong with a configuration. */
export interface ConfigProblem {
  /** Where: `grants.dirs[0]`, `env["A.B"]`, `--dir`; empty for the whole. */
  readonly path: string;
  /** One sentence that makes sense without the path. */
  readonly message: string;
  readonly fix?: string | undefined;
  /** Only for a manifest, as are `line`, `column` (both from 1) and `frame`. */
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  /** The source line with a caret under the place. */
  readonly frame?: string | undefined;
}

/** A configuration that was refused, with every problem it has (`config-invalid`, status 400). */
export class ConfigError extends SelvedgeError {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], cause?: unknown) {
    const [first] = problems;
    if (first === undefined) throw new TypeError('a ConfigError needs a problem');
    super({
      code: 'config-invalid',
      status: 400,
      message:
        problems.length === 1
          ? headline(first)
          : `The configuration has ${problems.length} problems; the first: ${headline(first)}`,
      fix: first.fix ?? 'Mend what the problems name, then try again.',
      cause,
      details: { problems },
    });
    this.problems = problems;
  }
}

/** A syntax error of one text (a pattern, a grant, a route). */
export function invalidText(message: string, fix?: string): ConfigError {
  return new ConfigError([{ path: '', message, fix }]);
}

/** All problems as text for a terminal: place, sentence, source line with caret, way out. */
export function formatProblems(problems: readonly ConfigProblem[]): string {
  return problems
    .map((problem) =>
      [
        headline(problem),
        ...(problem.frame === undefined ? [] : [problem.frame]),
        ...(problem.fix === undefined ? [] : [`  fix: ${problem.fix}`]),
      ].join('\n'),
    )
    .join('\n\n');
}

/** `["grants", "dirs", 0]` as `grants.dirs[0]`. */
export function formatPath(segments: readonly PropertyKey[]): string {
  let text = '';
  for (const segment of segments) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else if (/^[A-Za-z_][\w-]*$/.test(String(segment))) text += `${text && '.'}${String(segment)}`;
    else text += `[${JSON.stringify(String(segment))}]`;
  }
  return text;
}

function headline(problem: ConfigProblem): string {
  const place =
    problem.file === undefined
      ? ''
      : `${[problem.file, problem.line, problem.column].filter((part) => part !== undefined).join(':')}: `;
  return `${place}${problem.path === '' ? '' : `${problem.path}: `}${problem.message}`;
}
