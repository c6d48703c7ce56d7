import type { WasiInstance } from './instance.ts';

/** A resource of the WASI host: counted while it lives, released exactly once. */
export abstract class HostResource {
  readonly instance: WasiInstance;
  #disposed = false;

  constructor(instance: WasiInstance) {
    instance.hold(this);
    this.instance = instance;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** Called by the binder when the guest drops its handle, or by the instance when it ends. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.instance.release(this);
    this.onDispose();
  }

  /** Frees what the resource holds outside of the guest. Called once; must not throw. */
  protected onDispose(): void {}
}

/**
 * The class that a binder is given for a resource with a constructor: the canonical ABI's constructor
 * knows no instance, so it is bound here. A function with the base's own prototype, no subclass: a new
 * class for every instance would give every object a new shape, and cost more than the guest does.
 */
export function bindConstructor<Base extends HostResource, Args extends readonly unknown[]>(
  base: new (instance: WasiInstance, ...args: Args) => Base,
  instance: WasiInstance,
): new (...args: Args) => Base {
  const Bound = function (...args: Args): Base {
    return new base(instance, ...args);
  };
  Bound.prototype = base.prototype;
  return Bound as unknown as new (...args: Args) => Base;
}
