import { SelvedgeError } from '../base/index.ts';

/** A request that reaches no function, or a function that may not be deployed as asked. */
export class TrafficError extends SelvedgeError {}
