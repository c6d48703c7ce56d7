import { SelvedgeError } from '../base/index.ts';
import type { TextSink } from './dependencies.ts';
import { CliError, exitCodes } from './errors.ts';
import { visible, wantsColour } from './output.ts';
import { refusalText } from './refusals.ts';
import { styleText } from 'node:util';

interface Presentation {
  readonly code: string;
  readonly message: string;
  readonly cause: string | undefined;
  readonly fix: string | undefined;
  readonly example: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Shows a failure as what failed, its cause, how to solve it, an example, and gives the exit
 * code. With `json` it is one line of JSON on stderr, so that stdout stays for results.
 */
export function presentError(
  error: unknown,
  stderr: TextSink,
  env: Readonly<Record<string, string | undefined>>,
  json: boolean,
): number {
  const shown = describe(error);
  if (json) {
    stderr.write(`${JSON.stringify({ event: 'error', ...shown })}\n`);
  } else {
    const colour = wantsColour(stderr, env);
    const paint = (style: 'red' | 'dim' | 'cyan', text: string) =>
      colour ? styleText(style, text, { validateStream: false }) : text;
    stderr.write(`${paint('red', 'error:')} ${lines(shown.message)}\n`);
    const refused = refusalText(shown.details, shown.message);
    const isListed = refused !== undefined && refused.lines.length > 0;
    const cause = isListed ? 'these imports are not covered:' : shown.cause;
    const fix = refused === undefined ? shown.fix : refused.fix.join('\n');
    if (cause !== undefined) stderr.write(`${paint('dim', 'cause:')} ${lines(cause)}\n`);
    for (const text of refused?.lines ?? []) stderr.write(`  - ${text}\n`);
    const problems = problemTexts(shown.details);
    for (const text of problems) stderr.write(`  ${lines(text)}\n`);
    const isSaid = problems.some((text) => text.endsWith(`\nfix: ${fix}`));
    if (fix !== undefined && !isSaid) stderr.write(`${paint('cyan', 'fix:')} ${lines(fix)}\n`);
    if (shown.example !== undefined) stderr.write(`\n  ${lines(shown.example)}\n`);
    if (!(error instanceof SelvedgeError) && error instanceof Error && env['SELVEDGE_DEBUG']) {
      stderr.write(`${error.stack ?? ''}\n`);
    }
  }
  return error instanceof CliError ? error.exitCode : exitCodes.failed;
}

/** Harmless, but with its own line breaks: a diagnostic may point into a file over lines. */
function lines(text: string): string {
  return text.split('\n').map(visible).join('\n       ');
}

/**
 * The places that a refused configuration names, each with its source line where it has one. They
 * come from the configuration's reader here or, as JSON, from the host's.
 */
function problemTexts(details: Readonly<Record<string, unknown>> | undefined): readonly string[] {
  const problems = details?.['problems'];
  if (!Array.isArray(problems)) return [];
  const list: readonly unknown[] = problems;
  const shown = list.filter((one) => typeof one === 'object' && one !== null);
  return shown.flatMap((one) => {
    const text = (key: string) => {
      const value: unknown = Reflect.get(one, key);
      return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
    };
    const frame = text('frame');
    // A single problem without a source line is the error's own sentence already.
    if (shown.length === 1 && frame === undefined) return [];
    const file = text('file');
    const place =
      file === undefined
        ? ''
        : `${[file, text('line'), text('column')].filter(Boolean).join(':')} `;
    const fix = text('fix');
    return [
      `- ${place}${text('path') ?? ''}: ${text('message') ?? ''}${frame === undefined ? '' : `\n${frame}`}${fix === undefined ? '' : `\nfix: ${fix}`}`,
    ];
  });
}

function describe(error: unknown): Presentation {
  if (error instanceof SelvedgeError) {
    return {
      code: error.code,
      message: error.message,
      cause: error.cause instanceof Error ? error.cause.message : undefined,
      fix: error.fix,
      example: error instanceof CliError ? error.example : undefined,
      details: error.details,
    };
  }
  return {
    code: 'internal-error',
    message: error instanceof Error ? error.message : String(error),
    cause: error instanceof Error && error.cause instanceof Error ? error.cause.message : undefined,
    fix: 'This is a bug of selvedge. Run it again with SELVEDGE_DEBUG=1 and report the stack.',
    example: undefined,
    details: undefined,
  };
}
