import { createReadStream } from 'node:fs';
import { SelvedgeError } from '../base/index.ts';
import type { Manifest, ManifestFunction } from '../config/index.ts';
import type { Registry } from '../registry/index.ts';
import type { ArtifactStore, JsonObject } from '../store/index.ts';
import type { Deployments } from './deployments.ts';
import { TrafficError } from './errors.ts';

export interface ManifestDeployment {
  readonly deployments: Deployments;
  readonly registry: Registry;
  readonly artifacts: ArtifactStore;
  /** Bytes of one module. */
  readonly maxBytes: number;
}

/**
 * Makes what is deployed of the manifest what the manifest says: new and changed functions become versions, and
 * functions that it no longer names are taken out of service, their versions kept. Functions that were uploaded stay.
 *
 * Throws what refuses a function, its name said; those that were fine are deployed by then.
 */
export async function deployManifest(
  manifest: Manifest,
  target: ManifestDeployment,
): Promise<void> {
  const named = new Set(manifest.functions.map((each) => each.name));
  for (const { active } of target.registry.list()) {
    if (active?.origin === 'manifest' && !named.has(active.name))
      await target.deployments.deactivate(active.name);
  }
  const outcomes = await Promise.allSettled(
    manifest.functions.map((each) => deployFunction(each, named, target)),
  );
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

async function deployFunction(
  { name, module, raw }: ManifestFunction,
  beside: ReadonlySet<string>,
  { deployments, artifacts, maxBytes }: ManifestDeployment,
): Promise<void> {
  const config = raw as JsonObject;
  try {
    const staged = await artifacts.stage(createReadStream(module), { maxBytes });
    try {
      if (deployments.serves(name, staged.sha256, config)) return;
      await deployments.deploy(name, staged, config, {
        origin: 'manifest',
        activate: true,
        beside,
      });
    } finally {
      await staged.discard();
    }
  } catch (thrown) {
    if (!(thrown instanceof SelvedgeError)) throw thrown;
    const { code, status, message, fix, details } = thrown;
    throw new TrafficError({
      code,
      status,
      message: `the function ${name} of the manifest cannot be deployed: ${message}`,
      fix,
      details,
      cause: thrown,
    });
  }
}
