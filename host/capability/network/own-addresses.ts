import ipaddr from 'ipaddr.js';
import type { SocketAddress } from '../capability.ts';
import type { JudgedAddress } from './addresses.ts';

/**
 * Whether dialling the address would reach one of the host's own listeners: itself, by a listener on every
 * interface, or by the unspecified address, which the operating system takes for the loopback.
 *
 * @param machine all addresses of the machine's interfaces
 */
export function isOwn(
  target: JudgedAddress,
  port: number,
  own: readonly SocketAddress[],
  machine: readonly string[],
): boolean {
  const reached = isUnspecified(target.address) ? LOOPBACKS : [target.address];
  return own.some((listener) => {
    if (listener.port !== port) return false;
    if (!ipaddr.isValid(listener.address)) {
      throw new TypeError(
        `the host listens on ${listener.address}, which is not an IP address, so it cannot be kept from being dialled`,
      );
    }
    const bound = ipaddr.process(listener.address).toString();
    if (isUnspecified(bound))
      return reached.some((each) => isLoopback(each) || machine.some((one) => same(one, each)));
    return reached.includes(bound) || (isUnspecified(target.address) && isLoopback(bound));
  });
}

const LOOPBACKS = ['127.0.0.1', '::1'];

function isUnspecified(address: string): boolean {
  return ipaddr.parse(address).range() === 'unspecified';
}

function isLoopback(address: string): boolean {
  return ipaddr.parse(address).range() === 'loopback';
}

function same(left: string, right: string): boolean {
  const plain = left.replace(/%.*$/, '');
  return ipaddr.isValid(plain) && ipaddr.process(plain).toString() === right;
}
