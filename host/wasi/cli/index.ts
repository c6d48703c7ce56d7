/** wasi:cli: arguments, environment, standard streams, exit. */
export { exit, GuestExit } from './exit.ts';
export { outputStream, stdinStream } from './stdio.ts';
export { cliP3 } from './p3.ts';
export { cliP2, cliP2Blocking, type CliOptions } from './p2.ts';
