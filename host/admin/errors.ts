import { SelvedgeError } from '../base/index.ts';

/** A request that the control plane itself refuses, or a token that it cannot start with. */
export class AdminError extends SelvedgeError {}
