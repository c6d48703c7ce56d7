import { type HttpGrant, matchOrigin } from '../../config/index.ts';
import type { SocketAddress } from '../capability.ts';
import { covers, isOwn, type JudgedAddress, judgeAddress, type Reason } from '../network/index.ts';
import type { Target } from './target.ts';

/** What of a target may be dialled, and why not the rest. */
export interface Verdict {
  readonly allowed: readonly JudgedAddress[];
  /** Of the first address that may not; present where `allowed` is empty. */
  readonly reason?: Reason;
}

export interface GuardOptions {
  readonly ownAddresses: () => readonly SocketAddress[];
  /** All addresses of the machine's interfaces, as they are now. */
  readonly machineAddresses: () => readonly string[];
}

/**
 * Decides what a function's outgoing requests may reach: first by origin, then, when names have been
 * resolved, by address. The address that was judged is the address that is dialled.
 */
export class ConnectGuard {
  readonly #grants: readonly HttpGrant[];
  readonly #options: GuardOptions;

  constructor(grants: readonly HttpGrant[], options: GuardOptions) {
    this.#grants = grants;
    this.#options = options;
  }

  /** Why no grant covers the target's origin; `undefined` where one does. */
  refuseOrigin(target: Target): Reason | undefined {
    if (this.#covering(target).length > 0) return undefined;
    return {
      what: `a request to ${target.origin}`,
      fix: `add http = ["${target.origin}"] to the function's grants, or run with --allow-http ${target.origin}`,
    };
  }

  /** Sorts out the addresses that the target's host resolved to, or is. */
  judge(target: Target, addresses: readonly string[]): Verdict {
    const grants = this.#covering(target);
    const own = this.#options.ownAddresses();
    const allowed: JudgedAddress[] = [];
    let reason: Reason | undefined;
    for (const text of addresses) {
      const judged = judgeAddress(text);
      const refused =
        judged === undefined
          ? notAnAddress(target, text)
          : this.#refuse(target, judged, grants, own);
      if (refused === undefined && judged !== undefined) allowed.push(judged);
      else reason ??= refused;
    }
    return reason !== undefined && allowed.length === 0 ? { allowed, reason } : { allowed };
  }

  #refuse(
    target: Target,
    judged: JudgedAddress,
    grants: readonly HttpGrant[],
    own: readonly SocketAddress[],
  ): Reason | undefined {
    if (isOwn(judged, target.port, own, this.#options.machineAddresses())) {
      return {
        what: `a request to ${target.origin}, which is this host's own address ${judged.address} port ${target.port}`,
        fix: "no grant opens the host's own addresses: reach another service, or call the other function from outside",
      };
    }
    if (
      judged.public ||
      grants.some((grant) => names(grant, judged) || covers(grant.addresses, judged))
    )
      return undefined;
    const block = `${judged.address}/${judged.family === 4 ? 32 : 128}`;
    return {
      what: `a request to ${target.origin}, whose address ${judged.address} is not public (${judged.range})`,
      fix:
        target.host.kind === 'address' || target.host.name === 'localhost'
          ? `add http = ["${target.origin}"] to the function's grants, or run with --allow-http ${target.origin}`
          : `add http = [{ origin = "${target.origin}", addresses = ["${block}"] }] to the function's grants`,
    };
  }

  #covering({ scheme, host, port }: Target): readonly HttpGrant[] {
    const text = host.kind === 'name' ? host.name : host.address;
    return this.#grants.filter((grant) => matchOrigin(grant.origin, { scheme, host: text, port }));
  }
}

/** Whether a grant that covers the origin names the address itself: as a literal, or as `localhost`. */
function names(grant: HttpGrant, judged: JudgedAddress): boolean {
  const { host } = grant.origin;
  if (host.kind === 'address') return judgeAddress(host.address)?.address === judged.address;
  return host.kind === 'name' && host.name === 'localhost' && judged.range === 'loopback';
}

function notAnAddress(target: Target, text: string): Reason {
  return {
    what: `a request to ${target.origin}, which resolved to ${JSON.stringify(text)}`,
    fix: 'see to it that the name resolves to IP addresses',
  };
}
