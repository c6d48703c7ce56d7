import { matchHost, type SocketGrant } from '../../config/index.ts';
import type { Endpoint } from '../../wasi/sockets/index.ts';
import type { SocketAddress } from '../capability.ts';
import { covers, isOwn, type JudgedAddress, judgeAddress, type Reason } from '../network/index.ts';

export type Protocol = 'tcp' | 'udp';

export interface GuardOptions {
  readonly ownAddresses: () => readonly SocketAddress[];
  /** All addresses of the machine's interfaces, as they are now. */
  readonly machineAddresses: () => readonly string[];
}

/**
 * Decides what a function's sockets may reach, and where they may listen. Pure: what names an address came
 * from is told with every question, so that the address that was judged is the address that is dialled.
 */
export class SocketGuard {
  readonly #connect: readonly SocketGrant[];
  readonly #listen: readonly SocketGrant[];
  readonly #options: GuardOptions;

  constructor(grants: readonly SocketGrant[], options: GuardOptions) {
    this.#connect = grants.filter((grant) => grant.direction === 'connect');
    this.#listen = grants.filter((grant) => grant.direction === 'listen');
    this.#options = options;
  }

  /** Why the name may not be looked up; `undefined` where a grant to connect covers it. */
  refuseName(name: string): Reason | undefined {
    if (this.#connect.some((grant) => matchHost(grant.host, name))) return undefined;
    return {
      what: `a look-up of ${name}`,
      fix: fixFor(`tcp:${name}:443`, `with its protocol and port`),
    };
  }

  /** Of what a name resolved to, the addresses that a grant for the name lets be reached, in the same order. */
  reachable(name: string, addresses: readonly string[]): readonly string[] {
    const grants = this.#connect.filter((grant) => matchHost(grant.host, name));
    return addresses.filter((text) => {
      const judged = judgeAddress(text);
      return judged !== undefined && grants.some((grant) => opens(grant, judged));
    });
  }

  /**
   * Why no connection may be opened, or datagram sent, to an address; `names` are those that the guest
   * was given it for.
   */
  refuseConnect(protocol: Protocol, to: Endpoint, names: Iterable<string>): Reason | undefined {
    const text = `${protocol}:${hostText(to)}:${to.port}`;
    const judged = judgeAddress(to.address);
    if (judged === undefined)
      return { what: `a connection to ${text}`, fix: 'give an IP address without a zone' };
    const own = this.refuseOwn(protocol, to, judged);
    if (own !== undefined) return own;
    const grants = this.#connect.filter((grant) => matches(grant, protocol, to.port));
    const known = [...names];
    const covering = grants.filter(
      (grant) => isFor(grant, judged) || known.some((name) => matchHost(grant.host, name)),
    );
    if (covering.some((grant) => opens(grant, judged))) return undefined;
    if (covering.length === 0) return { what: `a connection to ${text}`, fix: fixFor(text) };
    return {
      what: `a connection to ${text}, whose address is not public (${judged.range})`,
      fix: fixFor(text),
    };
  }

  /** Why the host's own listeners are not reached this way; `undefined` for any other address. */
  refuseOwn(
    protocol: Protocol,
    to: Endpoint,
    judged = judgeAddress(to.address),
  ): Reason | undefined {
    if (judged === undefined) return undefined;
    // The machine's interfaces are asked for only where it matters: this is done for every datagram.
    const own = this.#options.ownAddresses().filter((each) => each.port === to.port);
    if (own.length === 0 || !isOwn(judged, to.port, own, this.#options.machineAddresses()))
      return undefined;
    return {
      what: `a connection to ${protocol}:${hostText(to)}:${to.port}, which is this host's own address`,
      fix: "no grant opens the host's own addresses: reach another service",
    };
  }

  /** Why nobody may connect or send to the guest at a local address; port 0 stands for any port. */
  refuseListen(protocol: Protocol, at: Endpoint): Reason | undefined {
    const text = `${protocol}:${hostText(at)}:${at.port === 0 ? '*' : at.port}`;
    if (at.port !== 0 && this.#options.ownAddresses().some((own) => own.port === at.port)) {
      return {
        what: `listening at ${text}, a port of this host itself`,
        fix: "no grant gives the host's own ports: choose another",
      };
    }
    const covered = this.#listen.some(
      (grant) =>
        (grant.protocol === '*' || grant.protocol === protocol) &&
        (grant.port === '*' || grant.port === at.port) &&
        holdsLocal(grant, at),
    );
    if (covered) return undefined;
    return { what: `listening at ${text}`, fix: fixFor(`listen:${text}`) };
  }

  /**
   * Why a local address may not even be taken. What may be listened at may be taken; whoever may connect may
   * leave from a port of the system's choice, at which nobody who was not asked is heard.
   */
  refuseBind(protocol: Protocol, at: Endpoint): Reason | undefined {
    const refused = this.refuseListen(protocol, at);
    if (refused === undefined) return undefined;
    const mayLeave = this.#connect.some(
      (grant) => grant.protocol === '*' || grant.protocol === protocol,
    );
    return at.port === 0 && mayLeave ? undefined : refused;
  }
}

function matches(grant: SocketGrant, protocol: Protocol, port: number): boolean {
  return (
    (grant.protocol === '*' || grant.protocol === protocol) &&
    (grant.port === '*' || grant.port === port)
  );
}

/** Whether the grant is for an address, whatever name it came from. */
function isFor({ host }: SocketGrant, judged: JudgedAddress): boolean {
  if (host.kind === 'any') return true;
  return host.kind === 'address' && judgeAddress(host.address)?.address === judged.address;
}

/**
 * Whether a grant that covers a name or an address opens this very address: public ones always; others where the
 * grant is that address, lists a block that holds it, or is for `localhost` and it is a loopback address.
 */
function opens(grant: SocketGrant, judged: JudgedAddress): boolean {
  if (judged.public || covers(grant.addresses, judged)) return true;
  const { host } = grant;
  if (host.kind === 'address') return judgeAddress(host.address)?.address === judged.address;
  return host.kind === 'name' && host.name === 'localhost' && judged.range === 'loopback';
}

/** 0.0.0.0 and :: stand for all addresses of their family, so a grant for them holds each. */
function holdsLocal({ host }: SocketGrant, at: Endpoint): boolean {
  if (host.kind === 'any') return true;
  if (host.kind !== 'address') return false;
  if (host.address === at.address) return true;
  return host.address === (at.family === 'ipv4' ? '0.0.0.0' : '::');
}

function hostText({ address, family }: Endpoint): string {
  return family === 'ipv6' ? `[${address}]` : address;
}

function fixFor(entry: string, note = ''): string {
  const more = note === '' ? '' : ` (${note})`;
  return `add sockets = ["${entry}"]${more} to the function's grants, or run with --allow-socket ${entry}`;
}
