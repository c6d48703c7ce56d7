/** wasi:clocks: the monotonic and the wall clock, timers as pollables, and UTC. */
export { Clocks, type Datetime } from './clocks.ts';
export { clocksP3 } from './p3.ts';
export { clocksP2, clocksP2Blocking, type ClocksOptions } from './p2.ts';
