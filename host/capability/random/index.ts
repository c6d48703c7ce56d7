import { randomP2, randomP2Blocking, randomP3 } from '../../wasi/random/index.ts';
import { type Capability, type CapabilityEnvironment, granted } from '../capability.ts';

interface Configured {
  readonly fill: CapabilityEnvironment['random'];
}

const grant = { line: 'random = true', flag: '--random' };

/** wasi:random, all of it on grant; what is called insecure there is as good as the rest. */
export const random: Capability<Configured> = {
  name: 'random',
  links: [
    {
      interface: 'wasi:random/random',
      version: '0.2.0',
      functions: granted('get-random-bytes', 'get-random-u64'),
      grant,
    },
    {
      interface: 'wasi:random/insecure',
      version: '0.2.0',
      functions: granted('get-insecure-random-bytes', 'get-insecure-random-u64'),
      grant,
    },
    {
      interface: 'wasi:random/insecure-seed',
      version: '0.2.0',
      functions: granted('insecure-seed'),
      grant,
    },
    {
      interface: 'wasi:random/random',
      version: '0.3.0',
      functions: granted('get-random-bytes', 'get-random-u64'),
      grant,
    },
    {
      interface: 'wasi:random/insecure',
      version: '0.3.0',
      functions: granted('get-insecure-random-bytes', 'get-insecure-random-u64'),
      grant,
    },
    {
      interface: 'wasi:random/insecure-seed',
      version: '0.3.0',
      functions: granted('get-insecure-seed'),
      grant,
    },
  ],
  blocking: randomP2Blocking,
  granted: (grants) => grants.random,
  configure: async (_grants, _limits, environment) => ({ fill: environment.random }),
  prepare: ({ fill }, { instance }) => ({
    ...randomP2(instance, { fill }),
    ...randomP3(instance, { fill }),
  }),
  preview1: { functions: granted('random_get'), grant },
  preparePreview1: ({ fill }) => ({ random: { fill } }),
};
