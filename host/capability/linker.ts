import type { Grants, Limits } from '../config/index.ts';
import { all } from './all.ts';
import type { Capability, CapabilityEnvironment, Implementations, InstanceContext, InterfaceLink } from './capability.ts';
import { withhold } from './withhold.ts';

/** Everything that one version of a function may reach, ready to be given to any number of its instances. */
export interface Linker extends AsyncDisposable {
  /** Functions that may suspend the guest, as `wasi:io/poll#poll`. */
  readonly blocking: readonly string[];
  /** Host objects by `hostKey` of their interface; nothing that the grants do not cover is among them. */
  instantiate(context: InstanceContext): Implementations;
}

/**
 * Configures all capabilities for one version: opens its directories, readies its connection pool.
 * Throws `GrantError`; what was opened until then is closed again. Dispose of it after the version's
 * last instance.
 */
export function linkAll(grants: Grants, limits: Limits, environment: CapabilityEnvironment): Promise<Linker> {
  return link(all, grants, limits, environment);
}

/** As `linkAll`, of a chosen set of capabilities. */
export async function link(
  capabilities: readonly Capability<object>[],
  grants: Grants,
  limits: Limits,
  environment: CapabilityEnvironment,
): Promise<Linker> {
  await using stack = new AsyncDisposableStack();
  const configured: { capability: Capability<object>; state: object; withheld: readonly InterfaceLink[] }[] = [];
  for (const capability of capabilities) {
    const state = await capability.configure(grants, limits, environment);
    if (isDisposable(state)) stack.use(state);
    const withheld = capability.links.filter((each) => !capability.granted(grants, each.interface));
    configured.push({ capability, state, withheld });
  }
  const held = stack.move();
  return {
    blocking: capabilities.flatMap((capability) => capability.blocking),
    instantiate(context) {
      const imports: Record<string, object> = {};
      for (const { capability, state, withheld } of configured) {
        Object.assign(imports, withhold(capability.prepare(state, context), withheld));
      }
      return imports;
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

function isDisposable(value: object): value is AsyncDisposable | Disposable {
  return Symbol.asyncDispose in value || Symbol.dispose in value;
}
