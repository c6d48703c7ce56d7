import { networkInterfaces } from 'node:os';

/** All addresses of the machine's interfaces, as they are now. */
export function machineAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((each) =>
    (each ?? []).map((one) => one.address),
  );
}
