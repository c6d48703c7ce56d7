/**
 * The WASI host: one folder per package, a version-free core each, and thin shells per WASI version
 * (`p2.ts`) that give the binder its objects. All state belongs to one `WasiInstance`.
 *
 * May import base. Must never know policy (grants, configuration, functions): what an instance may reach
 * is handed in as objects that are already confined.
 */
export { GuestFault, overLimit, trap, WasiError } from './errors.ts';
export {
  WasiInstance,
  type Denial,
  type WasiInstanceOptions,
  type WasiLimits,
} from './instance.ts';
export { bindConstructor, HostResource } from './resource.ts';
export * from './cli/index.ts';
export * from './clocks/index.ts';
export * from './filesystem/index.ts';
export * from './http/index.ts';
export * from './io/index.ts';
export * from './p1/index.ts';
export * from './random/index.ts';
export * from './sockets/index.ts';
