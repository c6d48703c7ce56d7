/**
 * The ways of calling a guest, one file each, over the same runtime. Which one an upload is for is read from its bytes.
 *
 * May import runtime, wasi and component. Must never know a server, a route or a grant.
 */
export { runToExit, type Command } from './command.ts';
export { LaneError } from './errors.ts';
export type { HttpExchange } from './http-exchange.ts';
export type { Entry, Lane, TypedEntry } from './lane.ts';
export { MemoryExchange, type MemoryAnswer } from './memory-exchange.ts';
export { readProgram, type Invocation, type Runnable } from './program.ts';
export { readUpload, type Upload } from './upload.ts';
