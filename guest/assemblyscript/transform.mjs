// asc --transform: writes what the exported functions take and give into the module, as the custom section
// `selvedge:types`. The binary alone cannot tell a string from a number: both are an i32.
// The section is JSON; README.md beside this file says what is in it.
import { Transform } from 'assemblyscript/transform';

const SECTION = 'selvedge:types';
/** asc's ElementKind and CommonFlags, of which the transform's API gives only the numbers. */
const FUNCTION_PROTOTYPE = 4;
const PRIVATE = 1 << 10;
const PROTECTED = 1 << 11;
const NUMBERS = new Set(['bool', 'i8', 'i16', 'i32', 'i64', 'isize', 'u8', 'u16', 'u32', 'u64', 'usize', 'f32', 'f64', 'void']);
const TYPED_ARRAY = /^~lib\/typedarray\/((?:Int|Uint|Float)\d+(?:Clamped)?Array)$/;

export default class SelvedgeTypes extends Transform {
  afterCompile(module) {
    const describer = new Describer();
    const functions = [];
    for (const [path, file] of this.program.filesByName) {
      if (path.startsWith('~') || file.source.sourceKind !== 1 || file.exports === null) continue;
      for (const [name, element] of file.exports) {
        const instance = element.kind === FUNCTION_PROTOTYPE ? element.instances?.get('') : undefined;
        if (instance !== undefined) functions.push(describer.function(name, instance));
      }
    }
    const classes = Object.fromEntries(describer.classes);
    module.addCustomSection(SECTION, new TextEncoder().encode(JSON.stringify({ version: 1, functions, classes })));
  }
}

class Describer {
  /** Name in the section → description. */
  classes = new Map();
  #names = new Map();

  function(name, { signature, prototype }) {
    const { parameterTypes, returnType, requiredParameters } = signature;
    const declared = prototype.declaration.signature.parameters;
    return {
      name,
      params: parameterTypes.map((type, at) => ({
        name: declared[at].name.text,
        type: this.type(type),
        ...(at >= requiredParameters ? { optional: true } : {}),
      })),
      result: this.type(returnType),
      ...documented(prototype.declaration),
    };
  }

  type(type) {
    const found = type.getClass();
    if (found === null) return NUMBERS.has(String(type)) ? String(type) : { opaque: String(type) };
    const described = this.#reference(found);
    return type.isNullableReference ? { nullable: described } : described;
  }

  #reference(found) {
    const { internalName } = found.prototype;
    if (internalName === '~lib/string/String') return 'string';
    if (internalName === '~lib/arraybuffer/ArrayBuffer') return 'ArrayBuffer';
    const typed = TYPED_ARRAY.exec(internalName);
    if (typed !== null) return { typed: typed[1], id: found.id };
    const [element] = found.typeArguments ?? [];
    if (internalName === '~lib/array/Array') return { array: this.type(element), id: found.id };
    if (internalName === '~lib/staticarray/StaticArray') return { staticArray: this.type(element), id: found.id };
    return isPlain(found) ? { class: this.#class(found) } : { opaque: found.name };
  }

  #class(found) {
    const known = this.#names.get(found);
    if (known !== undefined) return known;
    let name = found.name;
    for (let count = 2; this.classes.has(name); count += 1) name = `${found.name}.${count}`;
    this.#names.set(found, name);
    // Set before its fields are looked at: a class may have itself for a field.
    this.classes.set(name, {});
    this.classes.set(name, {
      id: found.id,
      size: found.nextMemoryOffset,
      fields: fieldsOf(found).map((field) => ({
        name: field.name,
        type: this.type(field.type),
        offset: field.memoryOffset,
        ...documented(field.prototype.fieldDeclaration ?? field.prototype.declaration),
      })),
      ...documented(found.prototype.declaration),
    });
    return name;
  }
}

function fieldsOf(found) {
  const fields = [];
  for (const member of found.members?.values() ?? []) {
    // A field is a property that has a place in the object; its prototype holds the instance.
    const field = member.boundPropertyOrNull ?? member.propertyInstance ?? member.instance;
    if (field?.isField === true && field.memoryOffset >= 0) fields.push(field);
  }
  return fields.sort((one, other) => one.memoryOffset - other.memoryOffset);
}

/** Made of public fields alone: whoever sets them all has made the object, as asc's own bindings have it. */
function isPlain(found) {
  if (found.prototype.internalName.startsWith('~') || found.isInterface) return false;
  for (let each = found; each !== null; each = each.base) {
    if (hasOwnConstructor(each)) return false;
  }
  return ![...(found.members?.values() ?? [])].some((member) => member.is(PRIVATE) || member.is(PROTECTED));
}

function hasOwnConstructor({ prototype }) {
  const members = prototype.declaration.members ?? [];
  return members.some((member) => member.name.text === 'constructor');
}

/** The comment in front of a declaration, without its stars. */
function documented({ range }) {
  const before = range.source.text.slice(0, range.start);
  const start = before.lastIndexOf('/**');
  const end = before.indexOf('*/', start);
  if (start < 0 || end < 0 || !/^(?:\s|export\b|default\b)*$/.test(before.slice(end + 2))) return {};
  const doc = before
    .slice(start + 3, end)
    .split('\n')
    .map((line) => line.replace(/^\s*\*? ?/, '').trimEnd())
    .join('\n')
    .trim();
  return doc === '' ? {} : { doc };
}
