/** Hostile and odd modules, written as text or byte by byte. */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';

const MODULE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const COMPONENT = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];

/** Assembles WebAssembly text. Nothing is validated, so invalid ones can be made. */
export function assemble(wat: string): Promise<Uint8Array> {
  return parse(wat);
}

export interface HandlerParts {
  /** Definitions before the functions. */
  readonly types?: string;
  /** Parameters and result of a second export, `extra`, in the component. */
  readonly signature?: string;
  /** The same in the core module. */
  readonly core?: string;
  /** Options of its lift. */
  readonly options?: string;
  /** Fields of the core module. */
  readonly fields?: string;
  /** Definitions after the functions. */
  readonly after?: string;
  /** What `handle` takes, for one that is no handler. */
  readonly handle?: { readonly signature: string; readonly core: string };
}

const HANDLE = {
  signature: '(param "request" (own $request)) (param "response-out" (own $out))',
  core: '(param i32 i32)',
};

/** A component that the HTTP lane takes, so that it gets as far as the binder, with more in it. Its `handle` traps. */
export function handler(parts: HandlerParts = {}): Promise<Uint8Array> {
  const {
    types = '',
    signature = '',
    core = '',
    options = '',
    fields = '',
    after = '',
    handle = HANDLE,
  } = parts;
  return assemble(`(component
    (import "wasi:http/types@0.2.0" (instance $http
      (export "incoming-request" (type (sub resource)))
      (export "response-outparam" (type (sub resource)))))
    (alias export $http "incoming-request" (type $request))
    (alias export $http "response-outparam" (type $out))
    (core module $m
      (memory (export "mem") 1)
      (func (export "handle") ${handle.core} unreachable)
      (func (export "extra") ${core} unreachable)
      (func (export "callback") (param i32 i32 i32) (result i32) unreachable)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
      ${fields})
    (core instance $i (instantiate $m))
    (alias core export $i "mem" (core memory $mem))
    (alias core export $i "realloc" (core func $realloc))
    ${types}
    (func $h ${handle.signature} (canon lift (core func $i "handle")))
    (func $x ${signature} (canon lift (core func $i "extra") (memory $mem) (realloc $realloc) ${options}))
    (export "extra" (func $x))
    ${after}
    (instance $e (export "handle" (func $h)))
    (export "wasi:http/incoming-handler@0.2.0" (instance $e)))`);
}

/** Unsigned LEB128. */
export function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return bytes;
}

export function section(id: number, ...body: (Uint8Array | readonly number[])[]): Uint8Array {
  const contents = Buffer.concat(body.map((part) => Uint8Array.from(part)));
  return Buffer.concat([Uint8Array.from([id, ...leb(contents.length)]), contents]);
}

export function text(name: string): number[] {
  const bytes = new TextEncoder().encode(name);
  return [...leb(bytes.length), ...bytes];
}

export function component(...sections: Uint8Array[]): Uint8Array {
  return Buffer.concat([Uint8Array.from(COMPONENT), ...sections]);
}

export function coreModule(...sections: Uint8Array[]): Uint8Array {
  return Buffer.concat([Uint8Array.from(MODULE), ...sections]);
}

/** A component around one core module. */
export function withModule(...sections: Uint8Array[]): Uint8Array {
  return component(section(1, coreModule(...sections)));
}

/** A section of `count` items. */
export function vector(
  id: number,
  count: number,
  item: (index: number) => readonly number[],
): Uint8Array {
  return section(
    id,
    leb(count),
    Buffer.concat(Array.from({ length: count }, (_, index) => Uint8Array.from(item(index)))),
  );
}

export function nestedComponents(depth: number): Uint8Array {
  let nested = component();
  for (let each = 0; each < depth; each++) nested = component(section(4, nested));
  return nested;
}

/** A function of many bodies, each `code` (with its locals), in a core module. */
export function functions(count: number, code: Uint8Array | readonly number[]): Uint8Array[] {
  const body = Buffer.concat([Uint8Array.from(leb(code.length)), Uint8Array.from(code)]);
  return [
    section(1, [1, 0x60, 0, 0]),
    section(3, leb(count), new Uint8Array(count)),
    section(10, leb(count), Buffer.concat(Array.from({ length: count }, () => body))),
  ];
}
