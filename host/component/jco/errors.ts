import { SelvedgeError } from '../../base/index.ts';

/** Why a component was not bound. */
export class BinderError extends SelvedgeError {
  /** The upload cannot be bound; trying again will not help. */
  static unbindable(message: string, fix?: string, cause?: unknown): BinderError {
    return new BinderError({ code: 'component-unbindable', status: 422, message, fix, cause });
  }

  /** The host could not do its work; the upload may be fine. */
  static failed(message: string, cause?: unknown): BinderError {
    return new BinderError({
      code: 'binder-failed',
      status: 503,
      message,
      cause,
      fix: 'try again; see the log for the cause',
    });
  }
}
