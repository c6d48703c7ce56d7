/**
 * What all capabilities that open connections judge addresses by: which are public, which blocks cover one,
 * which are the host's own.
 *
 * May import what capabilities may. Must never know what the connection is for.
 */
export { covers, judgeAddress, type JudgedAddress } from './addresses.ts';
export { machineAddresses } from './machine-addresses.ts';
export { isOwn } from './own-addresses.ts';
export type { Reason } from './reason.ts';
