import { SelvedgeError } from '../base/index.ts';

/** A grant that cannot be honoured: a directory that is not there, a pattern that says nothing. */
export class GrantError extends SelvedgeError {}
