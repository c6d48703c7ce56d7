import { trap } from '../errors.ts';
import { HostResource } from '../resource.ts';

/** A resource with child resources, which wasi:http wants dropped before their parent: it traps otherwise. */
export abstract class ParentResource extends HostResource {
  #children = 0;

  protected addChild(): () => void {
    this.#children++;
    let gone = false;
    return () => {
      if (gone) return;
      gone = true;
      this.#children--;
    };
  }

  /** Traps while a child lives. `act` says what the guest did, for the message. */
  protected refuseOrphans(act: string): void {
    if (this.#children > 0) throw trap(`${act} while a child resource of it was alive`);
  }

  /** The name in WIT, for messages. */
  protected abstract readonly kind: string;

  override [Symbol.dispose](): void {
    // At the end of the instance everything goes, in any order.
    if (!this.disposed && this.instance.fault === undefined)
      this.refuseOrphans(`${this.kind} was dropped`);
    super[Symbol.dispose]();
  }
}
