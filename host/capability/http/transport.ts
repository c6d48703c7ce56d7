import net from 'node:net';
import type { Grants, Limits } from '../../config/index.ts';
import { HttpFailure, type HttpTransport } from '../../wasi/http/index.ts';
import type { CapabilityEnvironment } from '../capability.ts';
import { machineAddresses, type Reason } from '../network/index.ts';
import { ConnectGuard } from './connect-guard.ts';
import type { Connect } from './dial.ts';
import { exchange } from './exchange.ts';
import { DeniedFailure } from './failures.ts';
import { ConnectionPool } from './pool.ts';
import { parseTarget, type Target } from './target.ts';

/** ms for name, connection and TLS handshake together, where the guest sets nothing. */
const CONNECT_MS = 15_000;

export interface TransportOptions {
  /** How addresses are dialled; by default as Node does. */
  readonly connect?: Connect | undefined;
  /** Certificate authorities in PEM, besides the usual ones. */
  readonly ca?: readonly string[] | undefined;
  /** All addresses of the machine's interfaces; by default as the operating system says. */
  readonly machineAddresses?: (() => readonly string[]) | undefined;
}

/**
 * What carries the outgoing requests of one version of a function, to where its grants allow and nowhere else.
 * Holds the version's connections; disposing of it closes them all.
 */
export class OutgoingTransport implements Disposable {
  readonly #guard: ConnectGuard;
  readonly #pool: ConnectionPool;
  readonly #limits: Limits;
  readonly #environment: CapabilityEnvironment;

  constructor(
    grants: Grants['http'],
    limits: Limits,
    environment: CapabilityEnvironment,
    options: TransportOptions = {},
  ) {
    this.#limits = limits;
    this.#environment = environment;
    this.#guard = new ConnectGuard(grants, {
      ownAddresses: environment.ownAddresses,
      machineAddresses: options.machineAddresses ?? machineAddresses,
    });
    this.#pool = new ConnectionPool({
      guard: this.#guard,
      lookup: environment.lookup,
      clock: environment.clock,
      connect:
        options.connect ?? ((to) => net.connect({ ...to, noDelay: true, autoSelectFamily: false })),
      ca: options.ca,
    });
  }

  /** Open connections, idle ones included. */
  get connections(): number {
    return this.#pool.size;
  }

  /**
   * The transport for one instance; `denied` is told, once per request, why something was refused.
   * A refusal is `HTTP-request-denied` to the guest, whatever the reason, so that it cannot map the network by it.
   */
  forInstance(denied: (reason: Reason) => void): HttpTransport {
    return {
      send: async (request, signal) => {
        try {
          const target = this.#admit(request.scheme, request.authority);
          const { connect, firstByte, betweenBytes } = request.timeouts;
          const { timeout } = this.#limits;
          return await exchange(
            request,
            target,
            {
              pool: this.#pool,
              clock: this.#environment.clock,
              limits: this.#limits,
              timeouts: {
                connect: connect ?? CONNECT_MS,
                firstByte: firstByte ?? timeout,
                betweenBytes: betweenBytes ?? timeout,
              },
            },
            signal,
          );
        } catch (thrown) {
          if (thrown instanceof DeniedFailure) denied(thrown.reason);
          if (thrown instanceof HttpFailure) throw thrown;
          throw new HttpFailure(
            { tag: 'internal-error', val: undefined },
            'internal-error',
            thrown,
          );
        }
      },
    };
  }

  #admit(scheme: 'http' | 'https', authority: string): Target {
    const target = parseTarget(scheme, authority);
    if (target === undefined) {
      throw new DeniedFailure({
        what: `a request to ${scheme}://${authority}, which is no host that a grant could name`,
        fix: 'write the host as a plain name or address, without a user or a trailing dot',
      });
    }
    const reason = this.#guard.refuseOrigin(target);
    if (reason !== undefined) throw new DeniedFailure(reason);
    if (target.host.kind === 'address') {
      const verdict = this.#guard.judge(target, [target.host.address]);
      if (verdict.reason !== undefined) throw new DeniedFailure(verdict.reason);
    }
    return target;
  }

  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
  }
}
