import { quote } from '../../base/index.ts';
import type { Component } from '../model.ts';
import { BinderError } from './errors.ts';

/**
 * What a name may hold: printable ASCII without quotes, backslashes and braces, and without the end of a
 * comment. It covers what toolchains write (`[method]fields.get`, `wasi:http/types@0.2.12`, `$imports`, mangled
 * symbols), and leaves nothing that ends a string, template or comment of JavaScript, or begins code in one.
 */
const INERT = /^(?:[A-Za-z0-9 !#$%&()+,\-./:;<=>?@[\]^_|~]|\*(?!\/))*$/;

/** Read for people only; jco emits none of it. */
const UNEMITTED: ReadonlySet<string> = new Set(['customSections', 'producers', 'names']);
/** The same of a core module, and what of it holds numbers only, in great numbers. */
const UNEMITTED_OF_MODULE: ReadonlySet<string> = new Set([
  ...UNEMITTED,
  'name',
  'types',
  'functions',
  'globals',
  'tags',
  'sections',
]);

/**
 * Refuses a component whose names could be code. jco writes the names of core imports and exports, which may
 * be any text, into string literals of the module that it emits without escaping them, and that module runs in
 * the host: `x'];process.exit();//` as the name of an export would be run. Every text of the model is looked
 * at, wherever it stands, so that no new place of a name is forgotten.
 *
 * Throws `BinderError` `component-unbindable`.
 */
export function checkInertNames(component: Component): void {
  // jco gives exports as properties of an object, and a promise takes an object with `then` for another promise.
  if (component.exports.some((each) => each.name === 'then')) {
    throw BinderError.unbindable(
      'it exports the name "then", which JavaScript takes for a promise',
      'call the export something else',
    );
  }
  const seen = new Set<object>([component]);
  const waiting: object[] = [component];
  const visit = (value: unknown): void => {
    if (typeof value === 'string') return checkInert(value);
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value))
      return;
    seen.add(value);
    waiting.push(value);
  };
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next instanceof Map) {
      for (const [key, value] of next) {
        visit(key);
        visit(value);
      }
    } else if (Array.isArray(next) || next instanceof Set) {
      for (const value of next) visit(value);
    } else {
      const unemitted = isCoreModule(next) ? UNEMITTED_OF_MODULE : UNEMITTED;
      for (const key of Object.keys(next))
        if (!unemitted.has(key)) visit((next as Record<string, unknown>)[key]);
    }
  }
}

/** The module itself, not a definition of it, which is of the same kind. */
function isCoreModule(node: object): boolean {
  return 'kind' in node && node.kind === 'core-module' && 'customSections' in node;
}

function checkInert(name: string): void {
  // As a key of an object literal it would set the prototype.
  if (name !== '__proto__' && INERT.test(name)) return;
  throw BinderError.unbindable(
    `its name ${quote(name)} has characters that are not taken in names`,
    'use printable ASCII without quotes, backslashes and braces in the names of core imports and exports',
  );
}
