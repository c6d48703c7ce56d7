/**
 * wasi_snapshot_preview1: its functions over a core module's memory, on the same cores as WASI 0.2.
 *
 * May import base and the rest of the WASI host. Must never know who called the module, or why it may do what it may.
 */
export { PREVIEW1, preview1, type Preview1Host, type Preview1Options } from './preview1.ts';
export { preview1Blocking, PREVIEW1_SIGNATURES } from './signatures.ts';
