import { lookup } from 'node:dns/promises';
import type { Lookup } from './capability.ts';

/**
 * The machine's own way of finding names (its hosts file, its resolvers), as `getaddrinfo` has it.
 * It cannot be called back, so an aborted search ends on its own and only its answer is dropped.
 */
export const systemLookup: Lookup = async (name, signal) => {
  signal.throwIfAborted();
  const found = await lookup(name, { all: true, order: 'verbatim' });
  return found.map((each) => each.address);
};
