import { styleText } from 'node:util';
import type { TextSink } from './dependencies.ts';

type Style = Parameters<typeof styleText>[0];
type Environment = Readonly<Record<string, string | undefined>>;

/** Colour on a terminal only, unless https://no-color.org or `FORCE_COLOR` says otherwise. */
export function wantsColour(sink: TextSink, env: Environment): boolean {
  if (env['NO_COLOR']) return false;
  if (env['FORCE_COLOR'] && env['FORCE_COLOR'] !== '0') return true;
  return sink.isTTY === true && env['TERM'] !== 'dumb';
}

/**
 * Makes text that a server or a module chose harmless to a terminal: control characters, which
 * could move the cursor or retitle the window, become `\u{…}`. Line breaks count as control.
 */
export function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

/** Where a command prints: results to stdout, remarks to stderr. */
export class Output {
  readonly #stdout: TextSink;
  readonly #stderr: TextSink;
  readonly #colour: boolean;
  /** Whether the caller is a program (`--json`). */
  readonly json: boolean;

  constructor(stdout: TextSink, stderr: TextSink, env: Environment, json: boolean) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#colour = !json && wantsColour(stdout, env);
    this.json = json;
  }

  style(style: Style, text: string): string {
    return this.#colour ? styleText(style, text, { validateStream: false }) : text;
  }

  line(text = ''): void {
    this.#stdout.write(`${text}\n`);
  }

  /** Whether the reader of stdout has gone, so that there is nobody to go on for. */
  get closed(): boolean {
    return this.#stdout.closed === true;
  }

  /** Bytes as they are: the answer of a function. */
  raw(chunk: Uint8Array): void {
    this.#stdout.write(chunk);
  }

  remark(text: string): void {
    this.#stderr.write(`${text}\n`);
  }

  /** One JSON document on one line. */
  data(value: unknown): void {
    this.#stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** Columns padded to their widest cell; cells are made harmless here. */
  table(headings: readonly string[], rows: readonly (readonly string[])[]): void {
    const shown = rows.map((row) => row.map(visible));
    const widths = headings.map((heading, column) =>
      Math.max(heading.length, ...shown.map((row) => row[column]?.length ?? 0)),
    );
    const pad = (row: readonly string[]) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd();
    this.line(this.style('dim', pad(headings)));
    for (const row of shown) this.line(pad(row));
  }

  /**
   * Label and value pairs, one a line; values are made harmless here. Labels take at least `least`
   * columns, so that several blocks can stand under each other.
   */
  fields(pairs: readonly (readonly [label: string, value: string])[], least = 0): void {
    const width = Math.max(least, ...pairs.map(([label]) => label.length));
    for (const [label, value] of pairs) {
      this.line(`${this.style('dim', label.padEnd(width))}  ${visible(value)}`);
    }
  }
}

/** Bytes in the unit a person would say: `82.1 KiB`. */
export function byteSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
