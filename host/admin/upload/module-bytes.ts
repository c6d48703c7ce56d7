import { AdminError } from '../errors.ts';

/** Binary.md, `preamble`: what a core module and a component both start with. */
const MAGIC = [0x00, 0x61, 0x73, 0x6d];

/** Passes a module on, and throws `not-webassembly` (400) at its first bytes rather than after the last. */
export async function* moduleBytes(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let seen = 0;
  for await (const chunk of source) {
    for (let i = 0; i < chunk.length && seen < MAGIC.length; i++, seen++)
      if (chunk[i] !== MAGIC[seen]) throw notWebAssembly();
    yield chunk;
  }
  if (seen < MAGIC.length) throw notWebAssembly();
}

function notWebAssembly(): AdminError {
  return new AdminError({
    code: 'not-webassembly',
    status: 400,
    message: 'the upload does not start as WebAssembly does',
    fix: 'send the .wasm file itself: a component or a core module, neither packed nor as text',
  });
}
