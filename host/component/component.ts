import { readAlias } from './aliases.ts';
import { Budget } from './budget.ts';
import { Cursor } from './bytes.ts';
import { readCanon } from './canon.ts';
import { readModuleAt } from './core-module.ts';
import type { CustomSection, Producers } from './core-model.ts';
import { readCoreType } from './core-type-section.ts';
import { lenient, readComponentNames, readCustomSection, readProducers } from './custom.ts';
import { quote } from './errors.ts';
import { readExternDescription, readExternName } from './externs.ts';
import { readCoreInstance, readInstance } from './instances.ts';
import type { ReadLimits } from './limits.ts';
import type {
  Component,
  ComponentDefinition,
  ComponentExport,
  ComponentImport,
  ComponentNames,
  CoreModuleDefinition,
  Definition,
  EmbeddedModule,
  ExternType,
  IndexSpaces,
  ResourceType,
  SectionInfo,
  StartDefinition,
  ValueDefinition,
} from './model.ts';
import { Scope, sortOf } from './scope.ts';
import { expectKind, sniff } from './sniff.ts';
import { readItem } from './sorts.ts';
import { TypeGraph } from './type-graph.ts';
import { componentTypeOf, readTypeDefinition } from './types.ts';
import { readOptional, readValType } from './val-types.ts';

const NAMES: readonly string[] = [
  'custom section',
  'core module section',
  'core instance section',
  'core type section',
  'component section',
  'instance section',
  'alias section',
  'type section',
  'canonical section',
  'start section',
  'import section',
  'export section',
  'value section',
];

/**
 * Reads a component (component-model, design/mvp/Binary.md) with everything nested in it. The
 * model holds views of `bytes`, which must not change afterwards.
 *
 * Throws `ComponentError` (`malformed-component`, `invalid-component`, `invalid-name`,
 * `malformed-module`, `invalid-module`, `limit-exceeded`, `not-webassembly`,
 * `unsupported-version`), and nothing else, whatever the bytes.
 */
export function readComponent(bytes: Uint8Array, limits?: Partial<ReadLimits>): Component {
  const budget = new Budget(limits);
  expectKind(bytes, 'component', budget.limits.bytes);
  const cursor = new Cursor(bytes, budget, 'component', 0, bytes.length);
  const graph = new TypeGraph(budget);
  const component = new ComponentReader(cursor, undefined, graph).read();
  graph.seal();
  return component;
}

class ComponentReader {
  private readonly cursor: Cursor;
  private readonly scope: Scope;
  private readonly sections: SectionInfo[] = [];
  private readonly definitions: Definition[] = [];
  private readonly imports: ComponentImport[] = [];
  private readonly exports: ComponentExport[] = [];
  private readonly modules: EmbeddedModule[] = [];
  private readonly components: Component[] = [];
  private readonly customSections: CustomSection[] = [];
  private names: ComponentNames | undefined;
  private producers: Producers | undefined;
  private started = false;

  constructor(cursor: Cursor, parent: Scope | undefined, graph: TypeGraph) {
    this.cursor = cursor;
    this.scope = new Scope('component', parent, graph, cursor);
  }

  read(): Component {
    const { cursor } = this;
    const begin = cursor.pos;
    cursor.skip(8, 'preamble');
    while (!cursor.done) {
      const start = cursor.pos;
      cursor.budget.spend('sections', 1, start);
      const id = cursor.byte();
      const name = NAMES[id];
      if (name === undefined) throw cursor.malformed(`unknown section ${id} of a component`, start);
      const body = cursor.window(cursor.u32(), name, id === 1 ? 'module' : 'component');
      this.sections.push(Object.freeze({ id, range: cursor.range(start) }));
      this.section(id, body);
      body.expectDone(`the ${name}`);
    }
    return this.finish(begin);
  }

  private finish(begin: number): Component {
    const { scope } = this;
    return Object.freeze({
      kind: 'component',
      range: this.cursor.range(begin),
      sections: Object.freeze(this.sections),
      definitions: Object.freeze(this.definitions),
      spaces: spacesOf(scope),
      imports: Object.freeze(this.imports),
      exports: Object.freeze(this.exports),
      modules: Object.freeze(this.modules),
      components: Object.freeze(this.components),
      type: scope.graph.add(componentTypeOf(scope), begin),
      names: this.names,
      producers: this.producers,
      customSections: Object.freeze(this.customSections),
    });
  }

  private section(id: number, body: Cursor): void {
    const { scope } = this;
    switch (id) {
      case 0:
        return this.custom(body);
      case 1:
        return this.define(this.readModule(body));
      case 2:
        return this.each(body, 'core instances', () => this.define(readCoreInstance(body, scope)));
      case 3:
        return this.each(body, 'core types', () => {
          for (const definition of readCoreType(body, scope)) this.define(definition);
        });
      case 4:
        return this.define(this.readNested(body));
      case 5:
        return this.each(body, 'instances', () => this.define(readInstance(body, scope)));
      case 6:
        return this.each(body, 'aliases', () => this.define(readAlias(body, scope)));
      case 7:
        return this.each(body, 'types', () => this.define(readTypeDefinition(body, scope)));
      case 8:
        return this.each(body, 'canonical definitions', () => this.define(readCanon(body, scope)));
      case 9:
        return this.define(this.readStart(body));
      case 10:
        return this.each(body, 'imports', () => this.define(this.readImport(body)));
      case 11:
        return this.each(body, 'exports', () => this.define(this.readExport(body)));
      case 12:
        return this.each(body, 'values', () => this.define(this.readValue(body)));
    }
  }

  private each(body: Cursor, what: string, read: () => void): void {
    const count = body.count(what, body.budget.left('definitions'));
    body.budget.spend('definitions', count, body.pos);
    for (let i = 0; i < count; i++) read();
  }

  private define(definition: Definition): void {
    this.definitions.push(definition);
  }

  private custom(body: Cursor): void {
    const section = readCustomSection(body);
    this.customSections.push(section);
    if (section.name === 'component-name')
      this.names = lenient(() => readComponentNames(body)) ?? this.names;
    else if (section.name === 'producers')
      this.producers = lenient(() => readProducers(body)) ?? this.producers;
    body.pos = body.end;
  }

  private readModule(body: Cursor): CoreModuleDefinition {
    const offset = body.pos;
    body.budget.spend('modules', 1, offset);
    const bytes = body.bytes.subarray(offset, body.end);
    this.expectPreamble(bytes, 'core-module', body);
    const module = readModuleAt(body);
    const embedded: EmbeddedModule = Object.freeze({ bytes, range: module.range, module });
    this.modules.push(embedded);
    const definition: CoreModuleDefinition = Object.freeze({
      kind: 'core-module',
      index: this.scope.next('core module'),
      module: embedded,
      offset,
    });
    this.scope.push('core module', { definition, type: module.type });
    return definition;
  }

  private readNested(body: Cursor): ComponentDefinition {
    const offset = body.pos;
    body.budget.spend('components', 1, offset);
    this.expectPreamble(body.bytes.subarray(offset, body.end), 'component', body);
    const component = new ComponentReader(body, this.scope, this.scope.graph).read();
    this.components.push(component);
    const definition: ComponentDefinition = Object.freeze({
      kind: 'component',
      index: this.scope.next('component'),
      component,
      offset,
    });
    this.scope.push('component', { definition, type: component.type });
    return definition;
  }

  /** As `sniff`, with the error at the place in the upload. */
  private expectPreamble(bytes: Uint8Array, kind: 'component' | 'core-module', body: Cursor): void {
    const found = lenient(() => sniff(bytes));
    if (found?.kind !== kind) throw body.malformed(`the section does not start like a ${kind}`);
  }

  private readStart(body: Cursor): StartDefinition {
    const offset = body.pos;
    if (this.started) throw body.invalid('more than one start section');
    this.started = true;
    const { index: func, type } = this.scope.read('func', body);
    const args: number[] = [];
    const count = body.count('arguments of start', body.budget.limits.parameters);
    for (let i = 0; i < count; i++) args.push(this.scope.read('value', body).index);
    const results = body.u32();
    if (args.length !== type.params.length || results !== (type.result === undefined ? 0 : 1)) {
      throw body.invalid('start does not fit the type of its function', offset);
    }
    const definition: StartDefinition = Object.freeze({
      kind: 'start',
      func,
      args: Object.freeze(args),
      results,
      offset,
    });
    if (type.result !== undefined) this.scope.push('value', { definition, type: type.result });
    return definition;
  }

  private readImport(body: Cursor): ComponentImport {
    const { scope } = this;
    const offset = body.pos;
    const { name, options } = readExternName(body);
    const parsed = scope.imports.claim(name, body, offset);
    const type = readExternDescription(body, scope, { side: 'import', name, origin: 'import' });
    scope.imports.set(name, parsed, type, body, offset);
    const sort = sortOf(type);
    const index = scope.next(sort);
    const definition: ComponentImport = Object.freeze({
      kind: 'import',
      name,
      parsed,
      options,
      sort,
      index,
      type,
      offset,
    });
    scope.pushExtern(type, definition);
    this.imports.push(definition);
    return definition;
  }

  private readExport(body: Cursor): ComponentExport {
    const { scope } = this;
    const offset = body.pos;
    const { name, options } = readExternName(body);
    const parsed = scope.exports.claim(name, body, offset);
    const { item, type: actual } = readItem(body, scope);
    const type = readOptional(body, () => this.readAscribed(body, name, actual)) ?? actual;
    scope.exports.set(name, parsed, type, body, offset);
    scope.graph.nameExported(name, type, offset);
    const sort = sortOf(type);
    const index = scope.next(sort);
    const definition: ComponentExport = Object.freeze({
      kind: 'export',
      name,
      parsed,
      options,
      sort,
      index,
      item,
      type,
      offset,
    });
    scope.pushExtern(type, definition);
    this.exports.push(definition);
    return definition;
  }

  /** An ascribed type, with what it leaves abstract filled in from the item that is exported. */
  private readAscribed(body: Cursor, name: string, actual: ExternType): ExternType {
    const { scope } = this;
    const offset = body.pos;
    const bound = scope.resources.length;
    const ascribed = readExternDescription(body, scope, {
      side: 'export',
      name,
      origin: 'declared',
    });
    const map = new Map<ResourceType, ResourceType>();
    scope.graph.match(ascribed, actual, map, `export ${quote(name)}`, offset);
    scope.resources.length = bound;
    return scope.graph.substituteExtern(ascribed, map, offset);
  }

  private readValue(body: Cursor): ValueDefinition {
    const offset = body.pos;
    const type = readValType(body, this.scope);
    const length = body.u32();
    const start = body.pos;
    body.skip(length, 'value');
    const data = body.range(start);
    const definition: ValueDefinition = Object.freeze({
      kind: 'value',
      index: this.scope.next('value'),
      type,
      data,
      offset,
    });
    this.scope.push('value', { definition, type });
    return definition;
  }
}

function spacesOf(scope: Scope): IndexSpaces {
  const { spaces } = scope;
  return Object.freeze({
    coreFuncs: Object.freeze(spaces['core func']),
    coreTables: Object.freeze(spaces['core table']),
    coreMemories: Object.freeze(spaces['core memory']),
    coreGlobals: Object.freeze(spaces['core global']),
    coreTags: Object.freeze(spaces['core tag']),
    coreTypes: Object.freeze(spaces['core type']),
    coreModules: Object.freeze(spaces['core module']),
    coreInstances: Object.freeze(spaces['core instance']),
    funcs: Object.freeze(spaces.func),
    values: Object.freeze(spaces.value),
    types: Object.freeze(spaces.type),
    components: Object.freeze(spaces.component),
    instances: Object.freeze(spaces.instance),
  });
}
