import { WasiError } from '../errors.ts';
import type { WasiInstance } from '../instance.ts';
import { Fields } from './fields.ts';
import type { HeaderList } from './header-list.ts';
import { IncomingBody, type IncomingBodySource } from './incoming-body.ts';
import { ParentResource } from './parent.ts';

/** `wasi:http/types.incoming-response`. */
export class IncomingResponse extends ParentResource {
  protected readonly kind = 'an incoming-response';
  readonly #status: number;
  readonly #headers: HeaderList;
  readonly #body: IncomingBodySource;
  #consumed = false;

  constructor(
    instance: WasiInstance,
    status: number,
    headers: HeaderList,
    body: IncomingBodySource,
  ) {
    super(instance);
    this.#status = status;
    this.#headers = headers;
    this.#body = body;
  }

  status(): number {
    return this.#status;
  }

  headers(): Fields {
    const released = this.addChild();
    return new Fields(this.instance, { list: this.#headers, immutable: true, released });
  }

  consume(): IncomingBody {
    if (this.#consumed) throw new WasiError(undefined);
    const body = new IncomingBody(this.instance, this.#body, 'response');
    this.#consumed = true;
    return body;
  }

  protected override onDispose(): void {
    if (!this.#consumed) this.#body.close();
  }
}
