import { SelvedgeError } from '../base/index.ts';

/** A core module that cannot be held to the host's limits, and so is refused. */
export class RewriteError extends SelvedgeError {
  constructor(message: string, fix?: string) {
    super({ code: 'module-not-confinable', status: 422, message, fix });
  }
}
