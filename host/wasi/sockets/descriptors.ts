import type { WasiInstance } from '../instance.ts';
import { socketError } from './errors.ts';

/** Sockets of the operating system that one instance holds open (`limits.files`); over it is `new-socket-limit`. */
export class SocketBudget {
  readonly #limit: number;
  #open = 0;

  constructor(instance: WasiInstance) {
    this.#limit = instance.limits.files;
  }

  get open(): number {
    return this.#open;
  }

  get exhausted(): boolean {
    return this.#open >= this.#limit;
  }

  /** Counts one; returns how to give it back, once. Throws `new-socket-limit`. */
  take(): () => void {
    if (this.exhausted) throw socketError('new-socket-limit');
    this.#open += 1;
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#open -= 1;
    };
  }
}
