/** wasi:random: random bytes from a source that is handed in. */
export { randomP3 } from './p3.ts';
export { randomP2, randomP2Blocking } from './p2.ts';
export { randomBytes, type RandomSource } from './random.ts';
