/** wasi:cli: arguments, environment, standard streams, exit. */
export { GuestExit } from './exit.ts';
export { cliP3 } from './p3.ts';
export { cliP2, cliP2Blocking, type CliOptions } from './p2.ts';
