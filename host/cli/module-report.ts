import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { readComponent, readCoreModule, sniff } from '../component/index.ts';
import type { Component, CoreModule, ExternType, Producers } from '../component/index.ts';
import type { ModuleExplanation } from './dependencies.ts';
import { unreadable } from './file-blob.ts';
import { byteSize, visible } from './output.ts';
import type { Output } from './output.ts';
import { functionText } from './wit-text.ts';

/** What a module's bytes say by themselves, without any knowledge of grants or lanes. */
export interface ModuleReport {
  readonly kind: 'component' | 'core-module';
  readonly exports: readonly ReportedExport[];
  /** Core modules in it, nested ones included, in the order of the binary. */
  readonly coreModules: readonly { readonly name: string | undefined; readonly size: number }[];
  /** `language: Rust 1.96.0`, of all modules in it, each once. */
  readonly producers: readonly string[];
}

export interface ReportedExport {
  readonly name: string;
  readonly kind: string;
  /** The functions of an exported interface, or the type of an exported function. */
  readonly functions: readonly string[];
}

/** Reads a file and its SHA-256 (hexadecimal). */
export async function readModule(file: string): Promise<{ bytes: Uint8Array; sha256: string }> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** Reads the bytes; throws the reader's `ComponentError` with the byte offset when they are bad. */
export function reportModule(bytes: Uint8Array): ModuleReport {
  return sniff(bytes).kind === 'component'
    ? reportComponent(readComponent(bytes))
    : reportCoreModule(readCoreModule(bytes));
}

function reportComponent(component: Component): ModuleReport {
  const all = withNested(component);
  const modules = all.flatMap((one) => one.modules.map(({ module }) => module));
  return {
    kind: 'component',
    exports: component.exports.map(({ name, type }) => ({
      name,
      kind: type.kind,
      functions: functionsOf(type),
    })),
    coreModules: modules.map(({ name, range }) => ({ name, size: range.end - range.start })),
    producers: merged([...all, ...modules].map(({ producers }) => producers)),
  };
}

function reportCoreModule(module: CoreModule): ModuleReport {
  return {
    kind: 'core-module',
    exports: module.exports.map(({ name, type }) => ({ name, kind: type.kind, functions: [] })),
    coreModules: [{ name: module.name, size: module.range.end - module.range.start }],
    producers: merged([module.producers]),
  };
}

function withNested(component: Component): readonly Component[] {
  return [component, ...component.components.flatMap(withNested)];
}

function functionsOf(type: ExternType): readonly string[] {
  if (type.kind === 'func') return [functionText(type)];
  if (type.kind !== 'instance') return [];
  return [...type.exports].flatMap(([name, one]) =>
    one.kind === 'func' ? [`${name}${functionText(one)}`] : [],
  );
}

function merged(all: readonly (Producers | undefined)[]): readonly string[] {
  const lines = all.flatMap((producers) =>
    (producers ?? []).flatMap(({ field, values }) =>
      values.map(({ name, version }) => `${field}: ${name} ${version}`.trimEnd()),
    ),
  );
  return [...new Set(lines)];
}

/** Prints what the bytes say: kind, sizes, exports, producers. */
export function printReport(report: ModuleReport, output: Output): void {
  output.line(output.style('bold', 'exports'));
  for (const { name, kind, functions } of report.exports) {
    output.line(`  ${visible(name)} ${output.style('dim', kind)}`);
    for (const one of functions) output.line(`    ${visible(one)}`);
  }
  output.line(output.style('bold', 'core modules'));
  for (const { name, size } of report.coreModules) {
    output.line(`  ${visible(name ?? '(unnamed)')} ${output.style('dim', byteSize(size))}`);
  }
  if (report.producers.length > 0) output.line(output.style('bold', 'producers'));
  for (const line of report.producers) output.line(`  ${visible(line)}`);
}

/** Wide enough for the labels of a file's facts, among which the lane stands. */
const factWidth = 'sha256'.length;

/** What it means for a module to be taken by a lane. */
const laneMeanings: ReadonlyMap<string, string> = new Map([
  ['typed', 'each exported function is called by POST /fn/NAME/FUNCTION with JSON'],
  ['http-0.2', 'each HTTP request is one call of wasi:http/incoming-handler'],
]);

/** Prints what a host would make of it: lane, what is callable, and the grant of each import. */
export function printExplanation(explanation: ModuleExplanation, output: Output): void {
  const { lane, reason, callable, imports } = explanation;
  const meaning = lane === undefined ? reason : (laneMeanings.get(lane) ?? reason);
  output.fields([['lane', `${lane ?? 'none'}: ${meaning}`]], factWidth);
  if (callable.length > 0) output.line(output.style('bold', 'callable'));
  for (const one of callable) output.line(`  ${visible(one)}`);
  output.line(output.style('bold', 'imports'));
  if (imports.length === 0) output.line('  none');
  const width = Math.max(0, ...imports.map(({ name }) => visible(name).length));
  for (const { name, functions, needs, line, covered } of imports) {
    const mark = covered ? output.style('green', 'ok     ') : output.style('red', 'missing');
    const grant =
      needs === 'always'
        ? 'linked for every function'
        : needs === 'unknown'
          ? 'no grant provides it'
          : `grant: ${line ?? ''}`;
    const padded = visible(name).padEnd(width);
    output.line(`  ${mark}  ${padded}  ${output.style('dim', visible(grant))}`);
    if (!covered && functions.length > 0) {
      output.line(`           uses ${functions.map(visible).join(', ')}`);
    }
  }
  const lines = new Set(imports.flatMap(({ covered, line }) => (covered ? [] : (line ?? []))));
  if (lines.size > 0) output.line(output.style('bold', 'grants that are missing'));
  for (const line of lines) output.line(`  ${visible(line)}`);
}
