import net from 'node:net';
import tls from 'node:tls';
import type { Clock } from '../../base/index.ts';
import { HttpFailure } from '../../wasi/http/index.ts';
import type { Lookup } from '../capability.ts';
import type { JudgedAddress } from '../network/index.ts';
import type { ConnectGuard } from './connect-guard.ts';
import { DeniedFailure, toHttpFailure } from './failures.ts';
import type { Target } from './target.ts';

/** Opens a connection to a literal address; the result may still be connecting. */
export type Connect = (to: {
  readonly host: string;
  readonly family: 4 | 6;
  readonly port: number;
}) => net.Socket;

export interface DialOptions {
  readonly guard: ConnectGuard;
  readonly lookup: Lookup;
  readonly clock: Clock;
  readonly connect: Connect;
  /** Certificate authorities in PEM besides the usual ones. */
  readonly ca?: readonly string[] | undefined;
}

/** How far a connection has come, so that a time limit can say what it cut short. */
export type DialPhase = 'waiting' | 'resolving' | 'connecting' | 'securing';

export interface DialProgress {
  phase: DialPhase;
}

/** RFC 8305 section 5: how long one address may take before the next one is tried beside it. */
const ATTEMPT_DELAY_MS = 250;

/**
 * A connection to the target, ready for the first byte of HTTP: the name resolved, every address
 * judged, one of those allowed dialled as the literal that was judged, and for https the certificate
 * verified against the name. Rejects with `HttpFailure`. `signal` gives up and closes what was opened.
 */
export async function dial(
  target: Target,
  options: DialOptions,
  signal: AbortSignal,
  progress: DialProgress,
): Promise<net.Socket> {
  progress.phase = 'resolving';
  const addresses =
    target.host.kind === 'address'
      ? [target.host.address]
      : await addressesOf(target.host.name, options.lookup, signal);
  const { allowed, reason } = options.guard.judge(target, addresses);
  if (reason !== undefined) throw new DeniedFailure(reason);
  if (allowed.length === 0)
    throw new HttpFailure({ tag: 'DNS-error', val: { rcode: 'NODATA', infoCode: undefined } });
  progress.phase = 'connecting';
  const socket = await connectAny(alternate(allowed), target.port, options, signal);
  if (target.scheme === 'http') return socket;
  progress.phase = 'securing';
  return secure(socket, target, options, signal);
}

async function addressesOf(
  name: string,
  lookup: Lookup,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    return await unlessAborted(lookup(name, signal), signal);
  } catch (cause) {
    throw toHttpFailure(cause, 'resolving');
  }
}

/** RFC 8305 section 4: the families in turn, so that one that leads nowhere costs a single delay. */
function alternate(addresses: readonly JudgedAddress[]): readonly JudgedAddress[] {
  const first = addresses[0]?.family;
  const one = addresses.filter((each) => each.family === first);
  const other = addresses.filter((each) => each.family !== first);
  return one
    .flatMap((each, at) => [each, ...other.slice(at, at + 1)])
    .concat(other.slice(one.length));
}

/** The first of the addresses to answer; the next is tried when one fails, or takes its time. */
function connectAny(
  addresses: readonly JudgedAddress[],
  port: number,
  options: DialOptions,
  signal: AbortSignal,
): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const attempts = new Set<net.Socket>();
    let next = 0;
    let failure: unknown;
    let cancelDelay: (() => void) | undefined;
    const settle = (winner?: net.Socket) => {
      cancelDelay?.();
      signal.removeEventListener('abort', abort);
      for (const socket of attempts) if (socket !== winner) socket.destroy();
      attempts.clear();
    };
    const abort = () => {
      settle();
      reject(toHttpFailure(signal.reason, 'connecting'));
    };
    const attempt = () => {
      cancelDelay?.();
      const to = addresses[next++];
      if (to === undefined) {
        if (attempts.size > 0) return;
        settle();
        reject(toHttpFailure(failure, 'connecting'));
        return;
      }
      const socket = options.connect({ host: to.address, family: to.family, port });
      attempts.add(socket);
      // Stays for good: an error that comes after another attempt has won must not be unhandled.
      socket.on('error', (error) => {
        if (!attempts.delete(socket)) return;
        failure = error;
        attempt();
      });
      socket.once('connect', () => {
        if (!attempts.has(socket)) return;
        settle(socket);
        resolve(socket);
      });
      cancelDelay = options.clock.after(ATTEMPT_DELAY_MS, attempt);
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort);
    attempt();
  });
}

function secure(
  socket: net.Socket,
  target: Target,
  options: DialOptions,
  signal: AbortSignal,
): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const { host } = target;
    const secured = tls.connect({
      socket,
      // The name that the guest asked for, never the address: the certificate must be for it (RFC 9110 section 4.3.4).
      host: host.kind === 'name' ? host.name : host.address,
      // RFC 6066 section 3: no literal addresses in SNI.
      ...(host.kind === 'name' ? { servername: host.name } : {}),
      // Said, because NODE_TLS_REJECT_UNAUTHORIZED would turn it off otherwise.
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
      ...(options.ca === undefined
        ? {}
        : { ca: [...tls.getCACertificates('default'), ...options.ca] }),
    });
    let settled = false;
    const settle = () => {
      settled = true;
      signal.removeEventListener('abort', abort);
    };
    const fail = (cause: unknown) => {
      if (settled) return;
      settle();
      secured.destroy();
      socket.destroy();
      reject(toHttpFailure(cause, 'securing'));
    };
    const abort = () => fail(signal.reason);
    // Stay for good: after the handshake the socket's owner listens too, and these do nothing.
    secured.on('error', fail);
    secured.on('close', () =>
      fail(new Error('the connection was closed during the TLS handshake')),
    );
    secured.once('secureConnect', () => {
      if (settled) return;
      settle();
      resolve(secured);
    });
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort);
  });
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
