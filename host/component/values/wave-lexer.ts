/** A text that is not WAVE. `at` counts characters from the start. */
export class WaveError extends Error {
  readonly at: number;

  constructor(at: number, problem: string) {
    super(`at character ${at + 1}: ${problem}`);
    this.name = 'WaveError';
    this.at = at;
  }
}

/** WAVE's number, with a fraction and an exponent or without. */
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LABEL = /%?(?:[a-z][a-z0-9]*|[A-Z][A-Z0-9]*)(?:-(?:[a-z][a-z0-9]*|[A-Z][A-Z0-9]*))*/y;
const SPACE = /(?:[ \t\n\r]|\/\/[^\n]*)*/y;
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["'", "'"],
  ['\\', '\\'],
  ['t', '\t'],
  ['n', '\n'],
  ['r', '\r'],
]);

/** Reads the tokens of WAVE (wasm-tools, crates/wasm-wave, wave_ebnf.md) where the reader expects them. */
export class WaveLexer {
  readonly text: string;
  at: number;

  constructor(text: string, at = 0) {
    this.text = text;
    this.at = at;
  }

  /** Skips space and comments; whether the text is over. */
  get done(): boolean {
    this.#match(SPACE);
    return this.at >= this.text.length;
  }

  /** Takes `mark` if it is next. */
  has(mark: string): boolean {
    if (this.done || !this.text.startsWith(mark, this.at)) return false;
    this.at += mark.length;
    return true;
  }

  expect(mark: string): void {
    if (!this.has(mark)) throw this.wrong(`expected ${mark}`);
  }

  peek(): string {
    return this.done ? '' : (this.text[this.at] as string);
  }

  /** A label without its `%`; `keyword` is whether it had none and may so be a keyword. */
  label(): { readonly name: string; readonly keyword: boolean } | undefined {
    if (this.done) return undefined;
    const found = this.#match(LABEL);
    if (found === undefined) return undefined;
    const escaped = found.startsWith('%');
    return { name: escaped ? found.slice(1) : found, keyword: !escaped };
  }

  number(): string | undefined {
    return this.done ? undefined : this.#match(NUMBER);
  }

  char(): string {
    this.expect("'");
    if (this.text[this.at] === "'") throw this.wrong('a char is empty');
    const char = this.#scalar("'");
    if (this.text[this.at] !== "'") throw this.wrong("expected ' after one character");
    this.at += 1;
    return char;
  }

  string(): string {
    this.expect('"');
    if (this.text.startsWith('""', this.at)) return this.#multiline();
    let text = '';
    while (this.text[this.at] !== '"') text += this.#scalar('"');
    this.at += 1;
    return text;
  }

  wrong(problem: string): WaveError {
    return new WaveError(this.at, problem);
  }

  /** One character, escaped or not; `end` and a line break must be escaped. */
  #scalar(end: string): string {
    const point = this.text.codePointAt(this.at);
    if (point === undefined) throw this.wrong(`the text ends before ${end}`);
    const char = String.fromCodePoint(point);
    if (char === '\n' || char === end) throw this.wrong('a line break must be written \\n');
    if (!char.isWellFormed()) throw this.wrong('half of a surrogate pair is no character');
    this.at += char.length;
    return char === '\\' ? this.#escape() : char;
  }

  #escape(): string {
    const letter = this.text[this.at] ?? '';
    const plain = ESCAPES.get(letter);
    if (plain !== undefined) {
      this.at += 1;
      return plain;
    }
    const point = this.#match(/u\{([0-9a-fA-F]{1,6})\}/y);
    const value = point === undefined ? -1 : Number.parseInt(point.slice(2, -1), 16);
    if (value < 0 || value > 0x10_ffff || (value >= 0xd800 && value <= 0xdfff)) {
      throw this.wrong('this escape is unknown');
    }
    return String.fromCodePoint(value);
  }

  /** README, "Multiline Strings": the spaces before the end mark are taken from every line. */
  #multiline(): string {
    this.at += 2;
    if (this.#match(/\r?\n/y) === undefined) throw this.wrong('expected a line break after """');
    const begin = this.at;
    const end = this.text.indexOf('"""', begin);
    if (end === -1) throw this.wrong('the text ends before """');
    const lines = this.text.slice(begin, end).split(/\r?\n/);
    const indent = lines.pop() ?? '';
    if (!/^ *$/.test(indent) || lines.length === 0)
      throw this.wrong('""" must stand on a line of its own');
    const parts = lines.map((line) => {
      if (!line.startsWith(indent)) throw this.wrong('a line is indented less than its """');
      const rest = new WaveLexer(line, indent.length);
      let text = '';
      while (rest.at < line.length) text += rest.#scalar('');
      return text;
    });
    this.at = end + 3;
    return parts.join('\n');
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }
}
