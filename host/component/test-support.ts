/** For the tests of this folder: components from text or from raw sections. */
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';

import { ComponentError } from './errors.ts';

/** Assembles WebAssembly text; `wasm-tools parse` does not validate, so invalid ones can be made. */
export function assemble(source: string): Promise<Uint8Array> {
  return parse(source);
}

/** A component that implements the world by a module that traps. */
export async function componentOf(witSource: string, world: string): Promise<Uint8Array> {
  return componentNew(await componentEmbed({ witSource, world, dummy: true }));
}

export const COMPONENT = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
export const MODULE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

export function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const more = rest > 0x7f;
    bytes.push((rest & 0x7f) | (more ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return bytes;
}

export function section(id: number, ...body: (number | readonly number[])[]): number[] {
  const flat = body.flat();
  return [id, ...leb(flat.length), ...flat];
}

export function text(name: string): number[] {
  const bytes = new TextEncoder().encode(name);
  return [...leb(bytes.length), ...bytes];
}

export function raw(
  head: readonly number[],
  ...sections: readonly (readonly number[])[]
): Uint8Array {
  return Uint8Array.from([...head, ...sections.flat()]);
}

/** The error that reading ends with; anything else is the failure of the test. */
export function errorOf(read: () => unknown): ComponentError {
  try {
    read();
  } catch (error) {
    if (error instanceof ComponentError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
