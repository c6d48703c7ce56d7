/**
 * wasi:sockets: TCP, UDP and the look-up of names, over Node's sockets. What may be reached is decided by
 * the `SocketsHost` that is handed in.
 */
export type { Endpoint, IpAddressFamily } from './address.ts';
export { socketError } from './errors.ts';
export type { SocketsHost, UdpPort } from './host.ts';
export { socketsP2, socketsP2Blocking, type SocketsOptions } from './p2.ts';
