import { GuestFault } from '../errors.ts';
import type { WasiInstance } from '../instance.ts';

/** The guest called `wasi:cli/exit`: it goes no further, which for a command need not be a failure. */
export class GuestExit extends GuestFault {
  /** 0 to 255; 0 means success. */
  readonly exitCode: number;

  constructor(exitCode: number) {
    super({
      code: 'guest-exited',
      status: 500,
      message: `the guest exited with code ${exitCode}`,
      fix: 'a handler answers by setting its response and returning; only a command may exit',
      details: { exitCode },
    });
    this.exitCode = exitCode;
  }
}

/** Ends the instance and unwinds. A guest that catches the unwinding gets no further: every host function refuses it. */
export function exit(instance: WasiInstance, exitCode: number): never {
  const fault = new GuestExit(exitCode);
  instance.end(fault);
  throw fault;
}
