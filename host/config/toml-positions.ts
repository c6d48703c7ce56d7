/** Offsets into the text, in UTF-16 units. */
export interface TomlPlace {
  readonly key: number;
  readonly value: number;
}

/** Where every key and value of a TOML document stands. */
export interface TomlPositions {
  /** The place of `path`, or of the nearest table or list around it. */
  find(path: readonly PropertyKey[]): TomlPlace | undefined;
}

type Path = readonly (string | number)[];

/**
 * Finds where each key and value of a TOML document stands (TOML 1.0 and 1.1).
 *
 * Only for text that a TOML parser has accepted: it looks for places and does not check again;
 * on any other text it may find less, but it ends.
 */
export function locateToml(text: string): TomlPositions {
  const places = new Map<string, TomlPlace>();
  new Scanner(text, places).document();
  return {
    find(path) {
      for (let length = path.length; length > 0; length -= 1) {
        const place = places.get(JSON.stringify(path.slice(0, length)));
        if (place !== undefined) return place;
      }
      return undefined;
    },
  };
}

/** Line and column, both from 1, of an offset; a column counts UTF-16 units. */
export function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

const BARE = /[A-Za-z0-9_-]/;

class Scanner {
  readonly #text: string;
  readonly #places: Map<string, TomlPlace>;
  /** Entries so far of each `[[table]]`. */
  readonly #listed = new Map<string, number>();
  #at = 0;

  constructor(text: string, places: Map<string, TomlPlace>) {
    this.#text = text;
    this.#places = places;
  }

  document(): void {
    let table: Path = [];
    for (this.#skipBlank(); this.#at < this.#text.length; this.#skipBlank()) {
      const start = this.#at;
      if (this.#peek() === '[') table = this.#header();
      else this.#pair(table);
      // Not reached for accepted text; any other must end all the same.
      if (this.#at === start) this.#at += 1;
    }
  }

  /** `[a.b]` or `[[a.b]]`; the result is where the pairs below it go. */
  #header(): Path {
    this.#at += 1;
    const list = this.#peek() === '[';
    if (list) this.#at += 1;
    const keys = this.#dottedKey();
    let path: Path = [];
    for (const [index, { name, offset }] of keys.entries()) {
      path = [...path, name];
      this.#record(path, offset, offset);
      const id = JSON.stringify(path);
      const count = this.#listed.get(id);
      if (list && index === keys.length - 1) {
        this.#listed.set(id, (count ?? 0) + 1);
        path = [...path, count ?? 0];
        this.#record(path, offset, offset);
      } else if (count !== undefined) {
        path = [...path, count - 1];
      }
    }
    while (this.#peek() === ']') this.#at += 1;
    return path;
  }

  #pair(table: Path): void {
    const keys = this.#dottedKey();
    this.#skipSpace();
    if (this.#peek() === '=') this.#at += 1;
    this.#skipSpace();
    const value = this.#at;
    let path = table;
    for (const [index, { name, offset }] of keys.entries()) {
      path = [...path, name];
      this.#record(path, offset, index === keys.length - 1 ? value : offset);
    }
    this.#value(path);
  }

  #dottedKey(): { name: string; offset: number }[] {
    const keys: { name: string; offset: number }[] = [];
    do {
      if (keys.length > 0) this.#at += 1;
      this.#skipSpace();
      const offset = this.#at;
      keys.push({ name: this.#simpleKey(), offset });
      this.#skipSpace();
    } while (this.#peek() === '.');
    return keys;
  }

  #simpleKey(): string {
    const start = this.#at;
    const quote = this.#peek();
    if (quote === '"' || quote === "'") {
      this.#string(quote);
      const inner = this.#text.slice(start + 1, this.#at - 1);
      return quote === '"' ? unescape(inner) : inner;
    }
    while (BARE.test(this.#peek())) this.#at += 1;
    return this.#text.slice(start, this.#at);
  }

  #value(path: Path): void {
    const first = this.#peek();
    if (first === '"' || first === "'") {
      const triple = first.repeat(3);
      if (this.#text.startsWith(triple, this.#at)) this.#multiline(first);
      else this.#string(first);
    } else if (first === '[') {
      this.#list(path);
    } else if (first === '{') {
      this.#inlineTable(path);
    } else {
      while (this.#at < this.#text.length && !/[,\]}#\n]/.test(this.#peek())) this.#at += 1;
    }
  }

  #list(path: Path): void {
    this.#at += 1;
    for (let index = 0; this.#more(']'); index += 1) {
      const item = [...path, index];
      this.#record(item, this.#at, this.#at);
      this.#value(item);
    }
    this.#at += 1;
  }

  #inlineTable(path: Path): void {
    this.#at += 1;
    while (this.#more('}')) this.#pair(path);
    this.#at += 1;
  }

  /** Skips to the next element; false at `close` or where the text ends. */
  #more(close: string): boolean {
    const start = this.#at;
    this.#skipBlank();
    if (this.#peek() === ',') this.#at += 1;
    this.#skipBlank();
    const next = this.#peek();
    if (next === '' || next === close) return false;
    // Two elements with nothing between them stand in no accepted text: without this a stray bracket would never be passed.
    if (this.#at === start && /[\]}=]/.test(next)) this.#at += 1;
    return this.#at < this.#text.length;
  }

  #string(quote: string): void {
    this.#at += 1;
    while (this.#at < this.#text.length && this.#peek() !== quote)
      this.#at += quote === '"' && this.#peek() === '\\' ? 2 : 1;
    this.#at += 1;
  }

  /** Up to two quotes may stand directly before the closing three. */
  #multiline(quote: string): void {
    this.#at += 3;
    const triple = quote.repeat(3);
    while (this.#at < this.#text.length && !this.#text.startsWith(triple, this.#at)) {
      this.#at += quote === '"' && this.#peek() === '\\' ? 2 : 1;
    }
    this.#at += 3;
    while (this.#peek() === quote) this.#at += 1;
  }

  #record(path: Path, key: number, value: number): void {
    const id = JSON.stringify(path);
    if (!this.#places.has(id)) this.#places.set(id, { key, value });
  }

  #peek(): string {
    return this.#text[this.#at] ?? '';
  }

  #skipSpace(): void {
    while (this.#peek() === ' ' || this.#peek() === '\t') this.#at += 1;
  }

  /** Spaces, line ends and comments. */
  #skipBlank(): void {
    for (;;) {
      while (/[ \t\r\n\uFEFF]/.test(this.#peek())) this.#at += 1;
      if (this.#peek() !== '#') return;
      const end = this.#text.indexOf('\n', this.#at);
      this.#at = end === -1 ? this.#text.length : end;
    }
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  t: '\t',
  n: '\n',
  f: '\f',
  r: '\r',
  e: '\u001B',
};

function unescape(inner: string): string {
  return inner.replaceAll(
    /\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|(.))/gsu,
    (_, four, eight, two, one: string) => {
      const digits: string | undefined = four ?? eight ?? two;
      return digits === undefined
        ? (ESCAPES[one] ?? one)
        : String.fromCodePoint(Number.parseInt(digits, 16));
    },
  );
}
