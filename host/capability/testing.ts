/** What the tests of capabilities share. Not part of the folder's door. */
import { systemClock } from '../base/index.ts';
import {
  defaultLimits,
  parseOriginPattern,
  parseSocketGrant,
  type Grants,
  type HttpGrant,
  type SocketGrant,
} from '../config/index.ts';
import { type ByteSink, type Denial, WasiInstance } from '../wasi/index.ts';
import type { CapabilityEnvironment, InstanceContext } from './capability.ts';

export const noGrants: Grants = {
  dirs: [],
  env: {},
  clocks: { monotonic: true, wall: false, resolution: 1 },
  poll: false,
  random: false,
  http: [],
  sockets: [],
};

export function httpGrant(origin: string, ...addresses: HttpGrant['addresses']): HttpGrant {
  return { origin: parseOriginPattern(origin), addresses };
}

export function socketGrant(pattern: string, ...addresses: SocketGrant['addresses']): SocketGrant {
  return { ...parseSocketGrant(pattern), addresses };
}

export const environment: CapabilityEnvironment = {
  clock: systemClock(),
  random: (bytes) => void crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>),
  ownAddresses: () => [],
  ownDirectories: [],
  lookup: async (name) => {
    throw Object.assign(new Error(`no test may look up ${name}`), { code: 'ENOTFOUND' });
  },
};

const nowhere: ByteSink = {
  isReady: () => true,
  subscribe: () => () => {},
  permit: () => 4096,
  write: () => {},
  flush: () => {},
  close: () => {},
};

export function instanceContext(denials: Denial[] = []): InstanceContext {
  const instance = new WasiInstance({
    limits: defaultLimits(),
    clock: environment.clock,
    denied: (denial) => void denials.push(denial),
  });
  return { instance, stdout: nowhere, stderr: nowhere };
}
