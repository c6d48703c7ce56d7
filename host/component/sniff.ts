import { ComponentError } from './errors.ts';

export interface Sniffed {
  readonly kind: 'component' | 'core-module';
}

const MAGIC = [0x00, 0x61, 0x73, 0x6d];

/**
 * Says by the first eight bytes (Binary.md, `preamble`) whether the upload is a component or a core
 * module. Throws `ComponentError`: `not-webassembly` with what the bytes look like, or
 * `unsupported-version`.
 */
export function sniff(bytes: Uint8Array): Sniffed {
  for (let i = 0; i < 4; i++) {
    if (bytes[i] !== MAGIC[i]) throw notWebAssembly(bytes);
  }
  if (bytes.length < 8) {
    throw new ComponentError({
      code: 'not-webassembly',
      message: `the upload ends after ${bytes.length} bytes, inside the eight that every WebAssembly file starts with`,
      offset: bytes.length,
      fix: 'Send the whole file.',
    });
  }
  const version = bytes[4]! | (bytes[5]! << 8);
  const layer = bytes[6]! | (bytes[7]! << 8);
  if (layer === 0 && version === 1) return { kind: 'core-module' };
  if (layer === 1 && version === 0x0d) return { kind: 'component' };
  throw new ComponentError({
    code: 'unsupported-version',
    message: `WebAssembly of version ${version}, layer ${layer}, which this host does not read`,
    offset: 4,
    fix:
      layer === 1
        ? 'Rebuild the component with current tools: they write version 13, layer 1.'
        : 'Send a core module of version 1 or a component of version 13, layer 1.',
    details: { version, layer },
  });
}

/** Refuses what is too large or not of the kind that the caller reads. */
export function expectKind(bytes: Uint8Array, kind: Sniffed['kind'], limit: number): void {
  if (bytes.length > limit) {
    throw new ComponentError({
      code: 'limit-exceeded',
      message: `the upload of ${bytes.length} bytes exceeds the limit of ${limit}`,
      fix: 'Build for size, strip debug sections, or raise the limit on the host.',
    });
  }
  const found = sniff(bytes);
  if (found.kind !== kind) {
    const words = { component: 'a component', 'core-module': 'a core module' };
    throw new ComponentError({
      code: kind === 'component' ? 'malformed-component' : 'malformed-module',
      message: `expected ${words[kind]}, and the bytes are ${words[found.kind]}`,
      offset: 4,
    });
  }
}

interface Look {
  readonly what: string;
  readonly fix?: string;
}

function notWebAssembly(bytes: Uint8Array): ComponentError {
  const look = lookOf(bytes);
  return new ComponentError({
    code: 'not-webassembly',
    message: `not WebAssembly: it ${look.what}`,
    offset: 0,
    fix: look.fix ?? 'Send a WebAssembly component or core module.',
    details: { looks: look.what },
  });
}

const SIGNATURES: readonly (readonly [readonly number[], Look])[] = [
  [
    [0x7f, 0x45, 0x4c, 0x46],
    {
      what: 'is an ELF program',
      fix: 'Build for the target wasm32-wasip2 instead of this machine.',
    },
  ],
  [
    [0x4d, 0x5a],
    {
      what: 'is a Windows program',
      fix: 'Build for the target wasm32-wasip2 instead of this machine.',
    },
  ],
  [
    [0xcf, 0xfa, 0xed, 0xfe],
    {
      what: 'is a Mach-O program',
      fix: 'Build for the target wasm32-wasip2 instead of this machine.',
    },
  ],
  [
    [0xca, 0xfe, 0xba, 0xbe],
    { what: 'is a Java class or a Mach-O program', fix: 'Build for the target wasm32-wasip2.' },
  ],
  [
    [0x50, 0x4b, 0x03, 0x04],
    { what: 'is a zip archive', fix: 'Unpack it and send the .wasm file inside.' },
  ],
  [
    [0x1f, 0x8b],
    {
      what: 'is gzip data',
      fix: 'Decompress it, or say content-encoding: gzip where the host takes that.',
    },
  ],
  [[0x28, 0xb5, 0x2f, 0xfd], { what: 'is zstd data', fix: 'Decompress it first.' }],
  [[0x42, 0x43, 0xc0, 0xde], { what: 'is LLVM bitcode', fix: 'Link it into a .wasm file first.' }],
  [
    [0x21, 0x3c, 0x61, 0x72, 0x63, 0x68, 0x3e],
    { what: 'is a static library', fix: 'Link it into a .wasm file first.' },
  ],
  [[0x23, 0x21], { what: 'is a script' }],
  [[0x25, 0x50, 0x44, 0x46], { what: 'is a PDF document' }],
];

function lookOf(bytes: Uint8Array): Look {
  if (bytes.length === 0) return { what: 'is empty' };
  for (const [signature, look] of SIGNATURES) {
    if (signature.every((byte, i) => bytes[i] === byte)) return look;
  }
  const head = bytes.subarray(0, 512);
  if (head.some((byte) => byte < 0x09 || (byte > 0x0d && byte < 0x20))) {
    return { what: 'starts with none of the known signatures' };
  }
  const text = new TextDecoder('latin1')
    .decode(head)
    .replace(/^\u00ef\u00bb\u00bf/, '')
    .trimStart();
  if (/^\((?:component|module)\b/.test(text) || text.startsWith(';;') || text.startsWith('(;')) {
    return {
      what: 'is WebAssembly text',
      fix: 'Assemble it first: wasm-tools parse FILE.wat -o FILE.wasm.',
    };
  }
  if (text.startsWith('<')) return { what: 'is HTML or XML' };
  if (/^package [a-z]/.test(text))
    return { what: 'is a WIT document', fix: 'Send the component built from it.' };
  if (text.startsWith('{')) return { what: 'is JSON' };
  if (
    /^(?:import|export|const|let|var|function|class|'use strict'|"use strict"|\/\/|\/\*)/.test(text)
  ) {
    return {
      what: 'is JavaScript or another program in source form',
      fix: 'Compile it to a WebAssembly component first.',
    };
  }
  return { what: text === '' ? 'holds only white space' : 'is text' };
}
