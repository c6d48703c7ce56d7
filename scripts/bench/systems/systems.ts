import { bare } from './bare.ts';
import { jcoServe } from './jco.ts';
import { selvedgeInstance, selvedgeRequest } from './selvedge.ts';
import type { System } from './system.ts';
import { wasmtimeInstance, wasmtimeRequest } from './wasmtime.ts';

/** Every system, in the order of the rows; within a round they take turns in it. */
export const systems: readonly System[] = [
  bare,
  selvedgeRequest,
  selvedgeInstance,
  jcoServe,
  wasmtimeRequest,
  wasmtimeInstance,
];

/** What the ratios are to, by `id`. */
export const floor = bare.id;
export const rival = jcoServe.id;
