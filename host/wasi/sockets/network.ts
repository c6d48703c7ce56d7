import { HostResource } from '../resource.ts';

/** `wasi:sockets/network.network`: there is one network, and what of it may be used is checked at every use. */
export class Network extends HostResource {}
