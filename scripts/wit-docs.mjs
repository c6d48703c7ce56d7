// Gives a component the doc comments of its WIT: `node scripts/wit-docs.mjs COMPONENT.wasm FILE.wit…`
//
// Toolchains leave doc comments out of components. This appends them as a custom section whose
// content is that of `package-docs` in WIT packages (wit-parser's metadata.rs): a version byte and
// JSON. It has a name of its own, because wit-parser refuses a component whose `package-docs`
// speaks of interfaces of another package. Selvedge shows them in the OpenAPI document of the function. Run it once: it appends.
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

const TOKEN = /\/\/\/[^\n]*|\/\*[\s\S]*?\*\/|\/\/[^\n]*|%?[A-Za-z][\w-]*|[^\s]/g;
const CLOSERS = new Map([
  ['(', ')'],
  ['<', '>'],
  ['{', '}'],
]);
const WITH_ITEMS = new Set(['record', 'variant', 'enum', 'flags']);

/** The doc comments of one WIT file, in the form of the section. */
export function docsOfWit(text) {
  const reader = new Reader(text);
  const docs = { worlds: {}, interfaces: {} };
  while (!reader.done) {
    const item = reader.head();
    const [keyword, name] = item.words;
    if (keyword === 'interface' && item.ends === '{') {
      docs.interfaces[name] = scope(reader, item.docs);
    } else if (keyword === 'world' && item.ends === '{') {
      docs.worlds[name] = scope(reader, item.docs);
    } else if (item.ends === '{') reader.skipBlock();
  }
  return docs;
}

function scope(reader, docs) {
  const made = { ...texts(docs), funcs: {}, types: {} };
  for (let item = reader.head(); item.ends !== '}'; item = reader.head()) {
    const words = ['export', 'import'].includes(item.words[0]) ? item.words.slice(1) : item.words;
    const [keyword, name] = words;
    if (WITH_ITEMS.has(keyword) && item.ends === '{') {
      made.types[name] = { ...texts(item.docs), items: items(reader) };
    } else if (keyword === 'resource') {
      made.types[name] = texts(item.docs);
      if (item.ends === '{') methods(reader, name, made.funcs);
    } else if (keyword === 'type') made.types[name] = texts(item.docs);
    else if (item.ends === '{') reader.skipBlock();
    else if (words[1] === ':' && item.docs !== '') made.funcs[keyword] = texts(item.docs);
  }
  return made;
}

function items(reader) {
  const found = {};
  for (;;) {
    const item = reader.head(',');
    if (item.words.length > 0 && item.docs !== '') found[item.words[0]] = item.docs;
    if (item.ends === '}') return found;
  }
}

function methods(reader, resource, funcs) {
  for (let item = reader.head(); item.ends !== '}'; item = reader.head()) {
    if (item.docs === '') continue;
    const [name] = item.words;
    const kind = item.words.includes('static') ? 'static' : 'method';
    const key =
      name === 'constructor' ? `[constructor]${resource}` : `[${kind}]${resource}.${name}`;
    funcs[key] = texts(item.docs);
  }
}

function texts(docs) {
  return docs === '' ? {} : { docs };
}

/** Reads WIT item by item: what stands before `{`, `}`, or a separator outside of brackets. */
class Reader {
  #tokens;
  #at = 0;

  constructor(text) {
    this.#tokens = text.match(TOKEN) ?? [];
  }

  get done() {
    return this.#at >= this.#tokens.length;
  }

  head(separator = ';') {
    const docs = [];
    const words = [];
    while (!this.done) {
      const token = this.#tokens[this.#at++];
      if (token.startsWith('///')) docs.push(token.slice(3).replace(/^ /, '').trimEnd());
      else if (token.startsWith('//') || token.startsWith('/*')) continue;
      else if (token === '@') this.#skipAttribute();
      else if (token === '{' || token === '}' || token === separator) {
        return { docs: docs.join('\n'), words, ends: token };
      } else if (CLOSERS.has(token)) this.#skipTo(CLOSERS.get(token));
      else words.push(token.replace(/^%/, ''));
    }
    return { docs: docs.join('\n'), words, ends: '}' };
  }

  skipBlock() {
    this.#skipTo('}');
  }

  #skipAttribute() {
    this.#at += 1;
    if (this.#tokens[this.#at] === '(') this.#at += 1;
    else return;
    this.#skipTo(')');
  }

  #skipTo(closer) {
    while (!this.done) {
      const token = this.#tokens[this.#at++];
      if (token === closer) return;
      // In `func() -> list<u8>` the arrow is no bracket.
      if (CLOSERS.has(token)) this.#skipTo(CLOSERS.get(token));
    }
  }
}

/** The component with the section at its end. */
export function withDocs(component, docs) {
  const name = Buffer.from('selvedge:wit-docs');
  const data = Buffer.from(JSON.stringify(docs));
  const content = Buffer.concat([leb128(name.length), name, Buffer.from([1]), data]);
  return Buffer.concat([component, Buffer.from([0]), leb128(content.length), content]);
}

function leb128(value) {
  const bytes = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [file, ...wits] = process.argv.slice(2);
  if (file === undefined || wits.length === 0) {
    process.stderr.write('usage: node scripts/wit-docs.mjs COMPONENT.wasm FILE.wit…\n');
    process.exit(2);
  }
  const docs = { worlds: {}, interfaces: {} };
  for (const wit of wits) {
    const { worlds, interfaces } = docsOfWit(readFileSync(wit, 'utf8'));
    Object.assign(docs.worlds, worlds);
    Object.assign(docs.interfaces, interfaces);
  }
  writeFileSync(file, withDocs(readFileSync(file), docs));
}
