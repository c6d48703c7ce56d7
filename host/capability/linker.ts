import type { Grants, Limits } from '../config/index.ts';
import {
  PREVIEW1,
  preview1,
  preview1Blocking,
  type Preview1Host,
  type Preview1Options,
} from '../wasi/index.ts';
import { all } from './all.ts';
import type {
  Capability,
  CapabilityEnvironment,
  Implementations,
  InstanceContext,
  InterfaceLink,
} from './capability.ts';
import { withhold } from './withhold.ts';

/** Everything that one version of a function may reach, ready to be given to any number of its instances. */
export interface Linker extends AsyncDisposable {
  /** Functions that may suspend the guest, as `wasi:io/poll#poll`. */
  readonly blocking: readonly string[];
  /** Host objects by `hostKey` of their interface; nothing that the grants do not cover is among them. */
  instantiate(context: InstanceContext): Implementations;
  /** The same for core modules, which import `wasi_snapshot_preview1`. */
  readonly preview1: Preview1Linker;
}

export interface Preview1Linker {
  /** Functions that may suspend the guest, as `wasi_snapshot_preview1#fd_read`. */
  readonly blocking: readonly string[];
  instantiate(context: InstanceContext): Readonly<Record<string, Preview1Host>>;
}

/**
 * Configures all capabilities for one version: opens its directories, readies its connection pool.
 * Throws `GrantError`; what was opened until then is closed again. Dispose of it after the version's
 * last instance.
 */
export function linkAll(
  grants: Grants,
  limits: Limits,
  environment: CapabilityEnvironment,
): Promise<Linker> {
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
  const configured: {
    capability: Capability<object>;
    state: object;
    withheld: readonly InterfaceLink[];
  }[] = [];
  for (const capability of capabilities) {
    const state = await capability.configure(grants, limits, environment);
    if (isDisposable(state)) stack.use(state);
    const withheld = capability.links.filter((each) => !capability.granted(grants, each.interface));
    configured.push({ capability, state, withheld });
  }
  const held = stack.move();
  const linked = linkedPreview1(capabilities, grants);
  return {
    blocking: capabilities.flatMap((capability) => capability.blocking),
    instantiate(context) {
      const imports: Record<string, object> = {};
      for (const { capability, state, withheld } of configured) {
        Object.assign(imports, withhold(capability.prepare(state, context), withheld));
      }
      return imports;
    },
    preview1: {
      blocking: preview1Blocking.map((name) => `${PREVIEW1}#${name}`),
      instantiate(context) {
        const parts: Partial<Preview1Options> = {};
        for (const { capability, state } of configured)
          Object.assign(parts, capability.preparePreview1?.(state, context));
        const host = preview1(context.instance, complete(parts));
        return {
          [PREVIEW1]: {
            ...host,
            functions: Object.fromEntries(
              Object.entries(host.functions).filter(([name]) => linked.has(name)),
            ),
          },
        };
      },
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** The functions of preview1 that the grants cover. */
function linkedPreview1(
  capabilities: readonly Capability<object>[],
  grants: Grants,
): ReadonlySet<string> {
  const names = capabilities.flatMap((capability) =>
    Object.entries(capability.preview1?.functions ?? {}).flatMap(([name, rule]) =>
      rule === 'always' || capability.granted(grants, PREVIEW1) ? [name] : [],
    ),
  );
  return new Set(names);
}

function complete({ cli, clocks, random, filesystem }: Partial<Preview1Options>): Preview1Options {
  if (
    cli === undefined ||
    clocks === undefined ||
    random === undefined ||
    filesystem === undefined
  ) {
    throw new TypeError('preview1 needs the capabilities cli, clocks, random and filesystem');
  }
  return { cli, clocks, random, filesystem };
}

function isDisposable(value: object): value is AsyncDisposable | Disposable {
  return Symbol.asyncDispose in value || Symbol.dispose in value;
}
