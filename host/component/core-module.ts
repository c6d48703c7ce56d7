// Above 400 lines: the sections of a module fill index spaces that all of them read.
import { Budget } from './budget.ts';
import { Cursor } from './bytes.ts';
import { readIndex, skipConstExpr } from './core-expr.ts';
import type {
  CoreExport,
  CoreExternType,
  CoreFeature,
  CoreFuncType,
  CoreImport,
  CoreModule,
  CoreSection,
  CoreSubType,
  CustomSection,
  GlobalType,
  MemoryType,
  ModuleType,
  TableType,
  TagType,
} from './core-model.ts';
import { SECTION_NAMES, SECTION_ORDER } from './core-sections.ts';
import { skipDataSegment, skipElementSegment } from './core-segments.ts';
import type { SegmentScope } from './core-segments.ts';
import { CoreTypeReader } from './core-types.ts';
import { lenient, readCustomSection, readModuleName, readProducers } from './custom.ts';
import { quote } from './errors.ts';
import type { ReadLimits } from './limits.ts';
import { expectKind } from './sniff.ts';

/**
 * Reads a core module: what it imports and exports, its types, memories, tables and counts. Bodies
 * of functions are measured and not decoded; the engine validates those.
 *
 * Throws `ComponentError` (`malformed-module`, `invalid-module`, `limit-exceeded`,
 * `not-webassembly`, `unsupported-version`), and nothing else, whatever the bytes.
 */
export function readCoreModule(bytes: Uint8Array, limits?: Partial<ReadLimits>): CoreModule {
  const budget = new Budget(limits);
  expectKind(bytes, 'core-module', budget.limits.bytes);
  return readModuleAt(new Cursor(bytes, budget, 'module', 0, bytes.length));
}

/** Reads the module that fills the cursor's window, its preamble included. */
export function readModuleAt(cursor: Cursor): CoreModule {
  return new ModuleReader(cursor).read();
}

class ModuleReader {
  private readonly cursor: Cursor;
  private readonly types: CoreSubType[] = [];
  private readonly imports: CoreImport[] = [];
  private readonly exports: (CoreExport & { readonly index: number })[] = [];
  private readonly exportTypes = new Map<string, CoreExternType>();
  private readonly memories: MemoryType[] = [];
  private readonly tables: TableType[] = [];
  private readonly globals: GlobalType[] = [];
  private readonly tags: TagType[] = [];
  private readonly importedFunctionTypes: number[] = [];
  private functions: Uint32Array | undefined;
  private defined = 0;
  private bodies = 0;
  private start: number | undefined;
  private elements = 0;
  private dataCount: number | undefined;
  private data = 0;
  private dataBytes = 0;
  private name: string | undefined;
  private producers: CoreModule['producers'];
  private readonly features = new Set<CoreFeature>();
  private readonly sections: CoreSection[] = [];
  private readonly customSections: CustomSection[] = [];

  constructor(cursor: Cursor) {
    this.cursor = cursor;
  }

  read(): CoreModule {
    const { cursor } = this;
    const begin = cursor.pos;
    cursor.skip(8, 'preamble');
    let last = -1;
    while (!cursor.done) {
      const start = cursor.pos;
      cursor.budget.spend('sections', 1, start);
      const id = cursor.byte();
      const name = id === 0 ? 'custom section' : SECTION_NAMES.get(id);
      if (name === undefined)
        throw cursor.malformed(`unknown section ${id} of a core module`, start);
      const body = cursor.window(cursor.u32(), name);
      this.sections.push(Object.freeze({ id, range: cursor.range(start) }));
      if (id === 0) {
        this.custom(body);
        continue;
      }
      const order = SECTION_ORDER.indexOf(id);
      if (order <= last) throw cursor.malformed(`${name} is repeated or out of order`, start);
      last = order;
      this.section(id, body);
      body.expectDone(`the ${name}`);
    }
    if (this.bodies !== this.defined) {
      throw cursor.malformed(
        `${this.defined} functions are declared and ${this.bodies} have a body`,
      );
    }
    if (this.dataCount !== undefined && this.dataCount !== this.data) {
      throw cursor.malformed(`${this.dataCount} data segments are declared and ${this.data} exist`);
    }
    return this.finish(begin);
  }

  private finish(begin: number): CoreModule {
    if (this.memories.length > 1) this.features.add('multi-memory');
    const imports = Object.freeze(this.imports);
    const type: ModuleType = Object.freeze({ kind: 'module', imports, exports: this.exportTypes });
    return Object.freeze({
      kind: 'core-module',
      range: this.cursor.range(begin),
      type,
      imports,
      exports: Object.freeze(this.exports),
      types: Object.freeze(this.types),
      memories: Object.freeze(this.memories),
      tables: Object.freeze(this.tables),
      globals: Object.freeze(this.globals),
      tags: Object.freeze(this.tags),
      functions: this.allFunctions(),
      importedFunctions: this.importedFunctionTypes.length,
      start: this.start,
      elementSegments: this.elements,
      dataSegments: this.data,
      dataBytes: this.dataBytes,
      features: this.features,
      sections: Object.freeze(this.sections),
      customSections: Object.freeze(this.customSections),
      name: this.name,
      producers: this.producers,
    });
  }

  /** Imports are complete once a function is exported or the module ends, whichever comes first. */
  private allFunctions(): Uint32Array {
    this.functions ??= Uint32Array.from(this.importedFunctionTypes);
    return this.functions;
  }

  private get functionCount(): number {
    return this.importedFunctionTypes.length + this.defined;
  }

  private custom(body: Cursor): void {
    const section = readCustomSection(body);
    this.customSections.push(section);
    if (section.name === 'name') this.name = lenient(() => readModuleName(body)) ?? this.name;
    else if (section.name === 'producers')
      this.producers = lenient(() => readProducers(body)) ?? this.producers;
  }

  private section(id: number, body: Cursor): void {
    const types = new CoreTypeReader(body, this.features, this.types.length);
    switch (id) {
      case 1:
        return this.each(body, 'types', body.budget.left('coreTypes'), 1, () =>
          types.recGroup((type) => this.types.push(type)),
        );
      case 2:
        return this.each(body, 'imports', body.budget.left('coreImports'), 3, () =>
          this.readImport(types),
        );
      case 3:
        return this.readFunctions(types);
      case 4:
        return this.each(body, 'tables', body.budget.limits.coreTables, 3, () =>
          this.readTable(types),
        );
      case 5:
        return this.each(body, 'memories', body.budget.limits.coreTables, 2, () =>
          this.addMemory(types.memoryType(), body),
        );
      case 6:
        return this.each(body, 'globals', this.items(body), 3, () => {
          body.budget.spend('coreItems', 1, body.pos);
          const type = types.globalType();
          skipConstExpr(types, { functions: this.functionCount, globals: this.globals.length });
          this.globals.push(type);
        });
      case 7:
        return this.each(body, 'exports', body.budget.left('coreExports'), 3, () =>
          this.readExport(body),
        );
      case 8:
        this.start = readIndex(body, 'function', this.functionCount);
        return;
      case 9:
        return this.each(body, 'element segments', this.items(body), 2, () => {
          skipElementSegment(types, this.segmentScope());
          this.elements++;
        });
      case 10:
        return this.readCode(body);
      case 11:
        return this.each(body, 'data segments', this.items(body), 2, () => {
          this.dataBytes += skipDataSegment(types, this.segmentScope());
          this.data++;
        });
      case 12:
        this.dataCount = body.u32();
        return;
      case 13:
        return this.each(body, 'tags', this.items(body), 2, () => {
          body.budget.spend('coreItems', 1, body.pos);
          this.tags.push(this.readTag(types));
        });
    }
  }

  private segmentScope(): SegmentScope {
    return {
      functions: this.functionCount,
      globals: this.globals.length,
      tables: this.tables.length,
      memories: this.memories.length,
    };
  }

  private items(body: Cursor): number {
    return body.budget.left('coreItems');
  }

  private each(body: Cursor, what: string, limit: number, least: number, read: () => void): void {
    const count = body.count(what, limit, least);
    for (let i = 0; i < count; i++) read();
  }

  private funcType(index: number, body: Cursor, offset: number): CoreFuncType {
    const composite = this.types[index]?.composite;
    if (composite?.kind !== 'func')
      throw body.invalid(`core type ${index} is not that of a function`, offset);
    return composite;
  }

  private addMemory(type: MemoryType, body: Cursor): void {
    if (this.memories.length >= body.budget.limits.coreTables) {
      throw body.error('limit-exceeded', `more than ${body.budget.limits.coreTables} memories`);
    }
    this.memories.push(type);
  }

  private addTable(type: TableType, body: Cursor): void {
    if (this.tables.length >= body.budget.limits.coreTables) {
      throw body.error('limit-exceeded', `more than ${body.budget.limits.coreTables} tables`);
    }
    this.tables.push(type);
  }

  /** One import, or a run of them in either form of the compact import section proposal. */
  private readImport(types: CoreTypeReader): void {
    const { cursor } = types;
    const module = cursor.name('module of an import');
    const name = cursor.name('name of an import');
    const code = cursor.peek();
    if (name !== '' || (code !== 0x7f && code !== 0x7e)) {
      this.addImport(types, module, name, undefined);
      return;
    }
    cursor.pos++;
    this.features.add('compact-imports');
    const shared = code === 0x7e ? cursor.pos : undefined;
    if (shared !== undefined) this.skipDescription(types);
    const count = cursor.count(
      'imports',
      cursor.budget.left('coreImports'),
      shared === undefined ? 2 : 1,
    );
    for (let i = 0; i < count; i++)
      this.addImport(types, module, cursor.name('name of an import'), shared);
  }

  /** With `described`, the description stands at that offset, once for several names. */
  private addImport(
    types: CoreTypeReader,
    module: string,
    name: string,
    described: number | undefined,
  ): void {
    const { cursor } = types;
    cursor.budget.spend('coreImports', 1, cursor.pos);
    const after = cursor.pos;
    if (described !== undefined) cursor.pos = described;
    const type = this.description(types);
    if (described !== undefined) cursor.pos = after;
    this.imports.push(Object.freeze({ module, name, type }));
  }

  private skipDescription(types: CoreTypeReader): void {
    const before = [
      this.importedFunctionTypes.length,
      this.tables.length,
      this.memories.length,
      this.globals.length,
      this.tags.length,
    ] as const;
    this.description(types);
    this.importedFunctionTypes.length = before[0];
    this.tables.length = before[1];
    this.memories.length = before[2];
    this.globals.length = before[3];
    this.tags.length = before[4];
  }

  private description(types: CoreTypeReader): CoreExternType {
    const { cursor } = types;
    const code = cursor.byte();
    switch (code) {
      case 0x00: {
        const start = cursor.pos;
        const index = types.typeIndex();
        const type = this.funcType(index, cursor, start);
        this.importedFunctionTypes.push(index);
        return type;
      }
      case 0x01: {
        const type = types.tableType();
        this.addTable(type, cursor);
        return type;
      }
      case 0x02: {
        const type = types.memoryType();
        this.addMemory(type, cursor);
        return type;
      }
      case 0x03: {
        const type = types.globalType();
        this.globals.push(type);
        return type;
      }
      case 0x04: {
        const type = this.readTag(types);
        this.tags.push(type);
        return type;
      }
      default:
        throw cursor.unexpected(code, 'the kind of an import');
    }
  }

  private readTag(types: CoreTypeReader): TagType {
    const { cursor } = types;
    const attribute = cursor.byte();
    if (attribute !== 0) throw cursor.unexpected(attribute, 'the attribute of a tag');
    const start = cursor.pos;
    this.features.add('exceptions');
    return Object.freeze({ kind: 'tag', type: this.funcType(types.typeIndex(), cursor, start) });
  }

  private readFunctions(types: CoreTypeReader): void {
    const { cursor } = types;
    const count = cursor.count('functions', cursor.budget.left('coreFunctions'));
    cursor.budget.spend('coreFunctions', count, cursor.pos);
    const imported = this.importedFunctionTypes.length;
    const functions = new Uint32Array(imported + count);
    functions.set(this.importedFunctionTypes);
    this.functions = functions;
    this.defined = count;
    for (let i = 0; i < count; i++) {
      const start = cursor.pos;
      const index = types.typeIndex();
      this.funcType(index, cursor, start);
      functions[imported + i] = index;
    }
  }

  private readTable(types: CoreTypeReader): void {
    const { cursor } = types;
    const initialised = cursor.peek() === 0x40;
    if (initialised) {
      cursor.pos++;
      const reserved = cursor.byte();
      if (reserved !== 0) throw cursor.unexpected(reserved, 'a table');
    }
    this.addTable(types.tableType(), cursor);
    if (initialised)
      skipConstExpr(types, { functions: this.functionCount, globals: this.globals.length });
  }

  private readExport(body: Cursor): void {
    body.budget.spend('coreExports', 1, body.pos);
    const start = body.pos;
    const name = body.name('name of an export');
    const code = body.byte();
    const [index, type] = this.exported(code, body);
    if (this.exportTypes.has(name))
      throw body.invalid(`export ${quote(name)} is there twice`, start);
    this.exportTypes.set(name, type);
    this.exports.push(Object.freeze({ name, type, index }));
  }

  private exported(code: number, body: Cursor): [number, CoreExternType] {
    const pick = <T>(what: string, from: readonly T[]): [number, T] => {
      const index = readIndex(body, what, from.length);
      return [index, from[index]!];
    };
    switch (code) {
      case 0x00: {
        const start = body.pos;
        const index = readIndex(body, 'function', this.functionCount);
        const typeIndex = this.allFunctions()[index]!;
        return [index, this.funcType(typeIndex, body, start)];
      }
      case 0x01:
        return pick('table', this.tables);
      case 0x02:
        return pick('memory', this.memories);
      case 0x03:
        return pick('global', this.globals);
      case 0x04:
        return pick('tag', this.tags);
      default:
        throw body.unexpected(code, 'the kind of an export');
    }
  }

  private readCode(body: Cursor): void {
    const count = body.count('function bodies', this.defined);
    for (let i = 0; i < count; i++) {
      const start = body.pos;
      const size = body.u32();
      if (size > body.budget.limits.functionBytes) {
        throw body.error(
          'limit-exceeded',
          `function body of ${size} bytes exceeds the limit of ${body.budget.limits.functionBytes}`,
          start,
        );
      }
      body.skip(size, 'function body');
    }
    this.bodies = count;
  }
}
