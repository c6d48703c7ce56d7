import { SelvedgeError } from '../base/index.ts';

/** A request that the gateway itself refuses. */
export class GatewayError extends SelvedgeError {}
