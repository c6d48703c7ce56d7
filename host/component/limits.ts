/**
 * Limits on what one upload may make the reader do. Counts are per upload: nested components and
 * embedded modules draw on the same budget, so that nesting multiplies nothing.
 *
 * The figures follow wasmparser's where those are small, and are lower where a million would let
 * an upload hold hundreds of megabytes of model, or the thread that reads it for seconds: with the
 * defaults an upload at any one limit is read in tens of milliseconds, for other functions are
 * served by the same thread. Real components stay far below them (a WASI 0.2 program: some 300
 * definitions in the outermost component).
 */
export interface ReadLimits {
  /** Bytes of the whole upload. */
  readonly bytes: number;
  /** Components within components, types within types, and references of a type to a type. */
  readonly depth: number;
  /** UTF-8 bytes of one name. */
  readonly nameBytes: number;
  /** Definitions of every kind in component sections, declarators of types included. */
  readonly definitions: number;
  /** Embedded core modules. */
  readonly modules: number;
  /** Nested components. */
  readonly components: number;
  /** Core and component instances. */
  readonly instances: number;
  /** Fields of a record, cases of a variant or enum, elements of a tuple. */
  readonly members: number;
  /** Fields, cases, elements, labels and parameters of all types together, core ones included. */
  readonly allMembers: number;
  /** Labels of a flags type. */
  readonly flags: number;
  /** Parameters or results of one function, core or component. */
  readonly parameters: number;
  /** Nodes of one type written out as a tree, which is what a consumer that walks it sees. */
  readonly typeSize: number;
  /** Type nodes that instantiation and import of types may copy, over the whole upload. */
  readonly typeWork: number;
  /** Names in instantiation arguments and in bags of exports. */
  readonly arguments: number;
  /** Types of core modules. */
  readonly coreTypes: number;
  /** Imports of core modules. */
  readonly coreImports: number;
  /** Exports of core modules. */
  readonly coreExports: number;
  /** Functions defined in core modules. */
  readonly coreFunctions: number;
  /** Globals, tags, element and data segments of core modules, each. */
  readonly coreItems: number;
  /** Elements listed by the element segments of core modules. */
  readonly coreElements: number;
  /** Tables of one core module, and memories of one core module. */
  readonly coreTables: number;
  /** Bytes of one core function's body (the JavaScript API's limit). */
  readonly functionBytes: number;
  /** Names decoded from name sections; further ones make the section unread, not the upload bad. */
  readonly debugNames: number;
  /** Sections, custom ones included. */
  readonly sections: number;
}

export const DEFAULT_READ_LIMITS: ReadLimits = Object.freeze({
  bytes: 64 * 1024 * 1024,
  depth: 100,
  nameBytes: 100_000,
  definitions: 10_000,
  modules: 1_000,
  components: 1_000,
  instances: 5_000,
  members: 10_000,
  allMembers: 50_000,
  flags: 1_000,
  parameters: 1_000,
  typeSize: 1_000_000,
  typeWork: 50_000,
  arguments: 10_000,
  coreTypes: 20_000,
  coreImports: 10_000,
  coreExports: 25_000,
  coreFunctions: 250_000,
  coreItems: 50_000,
  coreElements: 1_000_000,
  coreTables: 100,
  functionBytes: 7_654_321,
  debugNames: 100_000,
  sections: 10_000,
});
