import { ioP2, ioP2Blocking } from '../../wasi/index.ts';
import { always, type Capability, granted } from '../capability.ts';

const poll = { line: 'poll = true', flag: '--poll' };

/** wasi:io: streams for everybody, waiting for several things at once on grant. */
export const io: Capability<object> = {
  name: 'io',
  links: [
    {
      interface: 'wasi:io/error',
      version: '0.2.0',
      functions: always('[method]error.to-debug-string'),
    },
    {
      interface: 'wasi:io/streams',
      version: '0.2.0',
      functions: always(
        '[method]input-stream.read',
        '[method]input-stream.blocking-read',
        '[method]input-stream.skip',
        '[method]input-stream.blocking-skip',
        '[method]input-stream.subscribe',
        '[method]output-stream.check-write',
        '[method]output-stream.write',
        '[method]output-stream.blocking-write-and-flush',
        '[method]output-stream.flush',
        '[method]output-stream.blocking-flush',
        '[method]output-stream.subscribe',
        '[method]output-stream.write-zeroes',
        '[method]output-stream.blocking-write-zeroes-and-flush',
        '[method]output-stream.splice',
        '[method]output-stream.blocking-splice',
      ),
    },
    {
      interface: 'wasi:io/poll',
      version: '0.2.0',
      functions: granted('[method]pollable.ready', '[method]pollable.block', 'poll'),
      grant: poll,
    },
  ],
  blocking: ioP2Blocking,
  granted: (grants) => grants.poll,
  configure: async () => ({}),
  prepare: (_, { instance }) => ioP2(instance),
  preview1: { functions: granted('poll_oneoff'), grant: poll },
};
