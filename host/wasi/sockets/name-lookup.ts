import { domainToASCII } from 'node:url';
import { Pollable, Wakers } from '../io/index.ts';
import { HostResource } from '../resource.ts';
import { addressText, type IpAddress, parseAddress, unmapped } from './address.ts';
import type { SocketsContext } from './context.ts';
import { codeOf, type SocketErrorCode, socketError } from './errors.ts';

/** Look-ups of one instance at once: each holds a thread of the process, of which there are few. */
const MOST_AT_ONCE = 8;

type Outcome = { readonly addresses: IpAddress[] } | { readonly code: SocketErrorCode };

/** `wasi:sockets/ip-name-lookup.resolve-address-stream`. */
export class ResolveAddressStream extends HostResource {
  readonly #wakers = new Wakers();
  readonly #cancel: () => void;
  #outcome: Outcome | undefined;

  /** `cancel` is called when nobody waits for the answer any more. */
  constructor(
    context: SocketsContext,
    found: readonly string[] | Promise<readonly string[]>,
    cancel: () => void,
  ) {
    super(context.instance);
    this.#cancel = cancel;
    if (found instanceof Promise) void this.#await(found);
    else this.#settle({ addresses: parsed(found) });
  }

  resolveNextAddress(): IpAddress | undefined {
    this.instance.check();
    if (this.#outcome === undefined) throw socketError('would-block');
    if ('code' in this.#outcome) throw socketError(this.#outcome.code);
    return this.#outcome.addresses.shift();
  }

  subscribe(): Pollable {
    return new Pollable(this.instance, {
      isReady: () => this.#outcome !== undefined,
      subscribe: (wake) => this.#wakers.subscribe(wake),
    });
  }

  async #await(found: Promise<readonly string[]>): Promise<void> {
    try {
      const addresses = parsed(await found);
      this.#settle(addresses.length === 0 ? { code: 'name-unresolvable' } : { addresses });
    } catch (thrown) {
      this.#settle({ code: codeOf(thrown) });
    }
  }

  #settle(outcome: Outcome): void {
    this.#outcome = outcome;
    this.#wakers.wake();
  }

  protected override onDispose(): void {
    this.#cancel();
  }
}

/** `wasi:sockets/ip-name-lookup.resolve-addresses` of one instance. */
export function resolver(context: SocketsContext): (name: string) => ResolveAddressStream {
  let running = 0;
  return (name) => {
    context.instance.check();
    const literal = parseAddress(name.replace(/^\[(.*)\]$/, '$1'));
    if (literal !== undefined)
      return new ResolveAddressStream(context, [addressText(literal)], () => {});
    const ascii = asciiName(name);
    if (running >= MOST_AT_ONCE) throw socketError('temporary-resolver-failure');
    const abort = new AbortController();
    const found = context.host.lookup(ascii, abort.signal);
    running += 1;
    const settle = () => void (running -= 1);
    found.then(settle, settle);
    return new ResolveAddressStream(context, found, () => abort.abort());
  };
}

/** The name in ASCII (UTS 46, as the WHATWG URL standard has it). Throws `invalid-argument`. */
function asciiName(name: string): string {
  // What ends a host in a URL would be cut off without a word.
  const isHost = name.length <= 255 && !/[\s\p{Cc}@/\\?#%:[\]]/u.test(name);
  const ascii = isHost ? domainToASCII(name) : '';
  const valid =
    ascii.length <= 253 && ascii.split('.').every((label) => /^[a-z0-9_-]{1,63}$/.test(label));
  // Odd ways to write an address ("0x7f.1", "127.1") come out as one: they are no names (RFC 6943 section 3.1.1).
  if (!valid || parseAddress(ascii) !== undefined) throw socketError('invalid-argument');
  return ascii;
}

function parsed(texts: readonly string[]): IpAddress[] {
  return texts.flatMap((text) => {
    const address = parseAddress(text);
    return address === undefined ? [] : [unmapped(address)];
  });
}
