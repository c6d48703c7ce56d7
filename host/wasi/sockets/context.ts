import type { WasiInstance } from '../instance.ts';
import { SocketBudget } from './descriptors.ts';
import type { SocketsHost } from './host.ts';

/** What the sockets of one instance share. */
export interface SocketsContext {
  readonly instance: WasiInstance;
  readonly host: SocketsHost;
  readonly budget: SocketBudget;
}

export function socketsContext(instance: WasiInstance, host: SocketsHost): SocketsContext {
  return { instance, host, budget: new SocketBudget(instance) };
}
