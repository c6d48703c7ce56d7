import type { WasiInstance } from '../instance.ts';
import { InputStream } from './input-stream.ts';
import { IoError } from './io-error.ts';
import { OutputStream } from './output-stream.ts';
import { Pollable, poll } from './pollable.ts';

/** `wasi:io` 0.2 for one instance. */
export function ioP2(instance: WasiInstance) {
  return {
    'wasi:io/error': { Error: IoError },
    'wasi:io/poll': {
      Pollable,
      poll: (pollables: readonly Pollable[]) => poll(instance, pollables),
    },
    'wasi:io/streams': { InputStream, OutputStream },
  };
}

/** The functions of `wasi:io` 0.2 that may suspend the guest. */
export const ioP2Blocking = [
  'wasi:io/poll#poll',
  'wasi:io/poll#[method]pollable.block',
  'wasi:io/streams#[method]input-stream.blocking-read',
  'wasi:io/streams#[method]input-stream.blocking-skip',
  'wasi:io/streams#[method]output-stream.blocking-flush',
  'wasi:io/streams#[method]output-stream.blocking-write-and-flush',
  'wasi:io/streams#[method]output-stream.blocking-write-zeroes-and-flush',
  'wasi:io/streams#[method]output-stream.blocking-splice',
] as const;
