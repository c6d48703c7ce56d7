/** wasi:io: errors, pollables and streams, over which every other package is built. */
export { InputStream, type ByteSource } from './input-stream.ts';
export { IoError, StreamFailure, type StreamError } from './io-error.ts';
export { OutputStream, type ByteSink } from './output-stream.ts';
export { ioP2, ioP2Blocking } from './p2.ts';
export type { GuestFuture, GuestStream, HostStream } from './p3.ts';
export { Pollable } from './pollable.ts';
export { alwaysReady, untilAnyReady, untilReady, Wakers, type Readiness } from './readiness.ts';
