import { clocksP2, clocksP2Blocking, clocksP3 } from '../../wasi/clocks/index.ts';
import { always, type Capability, granted } from '../capability.ts';

interface Configured {
  /** ns, at least 1: how fine the clocks are. */
  readonly resolution: bigint;
  readonly wall: boolean;
}

const wall = { line: 'clocks = ["wall"]', flag: '--clock wall' };

const WALL = new Set([
  'wasi:clocks/wall-clock',
  'wasi:clocks/timezone',
  'wasi:clocks/system-clock',
]);

/** wasi:clocks: the monotonic clock for everybody, the wall clock and the time zone on grant. */
export const clocks: Capability<Configured> = {
  name: 'clocks',
  links: [
    {
      interface: 'wasi:clocks/monotonic-clock',
      version: '0.2.0',
      functions: always('now', 'resolution', 'subscribe-instant', 'subscribe-duration'),
    },
    {
      interface: 'wasi:clocks/wall-clock',
      version: '0.2.0',
      functions: granted('now', 'resolution'),
      grant: wall,
    },
    {
      interface: 'wasi:clocks/timezone',
      version: '0.2.0',
      functions: granted('display', 'utc-offset'),
      grant: wall,
    },
    { interface: 'wasi:clocks/types', version: '0.3.0', functions: always() },
    {
      interface: 'wasi:clocks/monotonic-clock',
      version: '0.3.0',
      functions: always('now', 'get-resolution', 'wait-until', 'wait-for'),
    },
    {
      interface: 'wasi:clocks/system-clock',
      version: '0.3.0',
      functions: granted('now', 'get-resolution'),
      grant: wall,
    },
  ],
  blocking: clocksP2Blocking,
  granted: (grants, name) => !WALL.has(name) || grants.clocks.wall,
  configure: async (grants) => ({
    resolution: BigInt(grants.clocks.resolution),
    wall: grants.clocks.wall,
  }),
  prepare: ({ resolution }, { instance }) => ({
    ...clocksP2(instance, { resolution }),
    ...clocksP3(instance, { resolution }),
  }),
  // Which clock is asked for shows at run time only, so there the time of day is withheld.
  preview1: { functions: always('clock_res_get', 'clock_time_get') },
  preparePreview1: ({ resolution, wall: isGranted }) => ({
    clocks: { resolution, wall: isGranted },
  }),
};
