import { SelvedgeError } from '../base/index.ts';

/** An upload that no lane takes, or a guest that broke the protocol of its lane. */
export class LaneError extends SelvedgeError {}
