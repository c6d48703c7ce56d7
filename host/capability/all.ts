import type { Capability } from './capability.ts';
import { cli } from './cli/index.ts';
import { clocks } from './clocks/index.ts';
import { filesystem } from './filesystem/index.ts';
import { http } from './http/index.ts';
import { io } from './io/index.ts';
import { random } from './random/index.ts';
import { sockets } from './sockets/index.ts';

/** Every capability, those that others stand on first. Each is only ever given the state that its own `configure` made. */
export const all: readonly Capability<object>[] = [
  io,
  clocks,
  random,
  cli,
  filesystem,
  http,
  sockets,
];
