import { inspect } from 'node:util';
import {
  createSerial,
  StoreError,
  type ArtifactStore,
  type JsonObject,
  type RecordStore,
  type StagedArtifact,
} from '../store/index.ts';
import { createCollector } from './collect.ts';
import {
  deepFreeze,
  encodePointer,
  encodeVersion,
  pointerKey,
  sameJson,
  versionKey,
  type Pointer,
} from './documents.ts';
import { RegistryError } from './errors.ts';
import {
  artifactDamage,
  artifactProblem,
  dropVersions,
  functionNames,
  loadFunction,
  storedVersions,
} from './load.ts';
import { checkFunctionName } from './name.ts';
import {
  damagedVersions,
  entryOf,
  known,
  nextVersion,
  pointAt,
  pointBack,
  pointerOf,
  serving,
  wholeVersion,
  wholeVersions,
} from './state.ts';
import type { Clock } from '../base/index.ts';
import type {
  FunctionVersion,
  PublishResult,
  Registry,
  RegistryChange,
  RegistryLogger,
  VersionFacts,
} from './model.ts';
import type { FunctionState } from './state.ts';

export interface RegistryOptions {
  readonly artifacts: ArtifactStore;
  readonly records: RecordStore;
  readonly clock: Clock;
  /** Warnings of the process when left out. */
  readonly logger?: RegistryLogger | undefined;
}

/**
 * Opens the registry on what the store holds: changes that did not come to their end are undone, damage
 * quarantines the function it is in and no other, artifacts that nothing needs are deleted.
 *
 * Throws StoreError when the store cannot be listed.
 */
export async function createRegistry(options: RegistryOptions): Promise<Registry> {
  const { artifacts, records, clock, logger = processWarnings() } = options;
  const states = new Map<string, FunctionState>();
  for (const name of await functionNames(records)) {
    const state = await loadFunction(records, name, logger);
    if (state !== undefined) states.set(name, state);
  }
  const entries = await artifacts.list();
  const bad = artifactDamage(states.values(), entries);
  const byName = createSerial();
  // Storing, reading and deleting of one artifact never overlap, so that what is found wrong with it is still so when it is noted.
  const byDigest = createSerial();
  const collector = createCollector({ artifacts, serial: byDigest, states, logger });
  const listeners = new Set<(change: RegistryChange) => void>();
  const now = () => new Date(Number(clock.wall() / 1_000_000n)).toISOString();

  for (const state of states.values()) {
    const { problem } = entryOf(state, bad);
    if (problem !== undefined)
      logger.error({ function: state.name, problem }, 'function is quarantined');
  }
  await collector.collect(entries.map(({ sha256 }) => sha256));

  const tell = (change: RegistryChange) => {
    for (const listener of listeners) {
      try {
        listener(change);
      } catch (error) {
        logger.error(
          { function: change.name, change: change.kind, err: error },
          'a listener of the registry failed',
        );
      }
    }
  };

  /** Makes `next` what is remembered and tells what that did. */
  const adopt = (kind: RegistryChange['kind'], name: string, next: FunctionState | undefined) => {
    const before = serving(states.get(name), bad);
    if (next === undefined) states.delete(name);
    else states.set(name, next);
    tell({ kind, name, before, after: serving(next, bad) });
  };

  /**
   * A write that failed may have happened all the same (a rename whose directory could not be synced), so what is
   * remembered is brought back to what a restart would find.
   */
  const reconcile = async (name: string) => {
    try {
      const found = await loadFunction(records, name, logger);
      const before = states.get(name);
      // A disk that fails reads as well says nothing of the function: the old state stands.
      if (found?.problem !== undefined || (found?.damaged.size ?? 0) > (before?.damaged.size ?? 0))
        return;
      const changed = serving(before, bad)?.version !== serving(found, bad)?.version;
      if (changed) adopt(found === undefined ? 'removed' : 'activated', name, found);
      else if (found !== undefined) states.set(name, found);
    } catch (error) {
      logger.warn(
        { function: name, err: error },
        'the records could not be read again after a write failed',
      );
    }
  };

  /** Runs a change of one function alone; when it fails, what is remembered is made to fit the disk. */
  const change = <T>(name: string, task: () => Promise<T>): Promise<T> =>
    byName.run(name, async () => {
      try {
        return await task();
      } catch (error) {
        if (error instanceof StoreError) await reconcile(name);
        throw error;
      }
    });

  const writePointer = async (
    kind: RegistryChange['kind'],
    state: FunctionState,
    pointer: Pointer,
  ) => {
    await records.put(pointerKey(state.name), encodePointer(state.name, pointer));
    adopt(kind, state.name, { ...state, pointer, problem: undefined });
  };

  const isUsed = (sha256: string) =>
    [...states.values()].some(({ versions }) =>
      [...versions.values()].some((version) => version.sha256 === sha256),
    );

  /** Marks an artifact as damaged or mended; tells the functions that this takes away or gives back. */
  const setDamage = (sha256: string, what: string | undefined) => {
    const before = new Map([...states].map(([name, state]) => [name, serving(state, bad)]));
    if (what === undefined ? !bad.delete(sha256) : bad.has(sha256) || !isUsed(sha256)) return;
    if (what !== undefined) bad.set(sha256, artifactProblem(sha256, what));
    for (const [name, state] of states) {
      const after = serving(state, bad);
      if (before.get(name) === after) continue;
      const kind = after === undefined ? 'quarantined' : 'recovered';
      logger[after === undefined ? 'error' : 'info'](
        { function: name, sha256 },
        `function is ${kind}`,
      );
      tell({ kind, name, before: before.get(name), after });
    }
  };

  const publish = async (
    name: string,
    staged: StagedArtifact,
    facts: VersionFacts,
    activate: boolean,
  ): Promise<PublishResult> => {
    const state = states.get(name);
    const active = serving(state, bad);
    if (
      facts.origin === 'manifest' &&
      activate &&
      active !== undefined &&
      isSame(active, staged, facts)
    ) {
      return { outcome: 'unchanged', version: active, active: true };
    }
    const number = nextVersion(state);
    const createdAt = now();
    const version = versionOf(name, number, createdAt, staged, facts);
    const release = await collector.hold(version.sha256, async () => {
      await staged.commit();
      // A staging that ended before commits nothing any more; its artifact may be collected by now.
      if (!(await artifacts.has(version.sha256))) throw stagingEnded(version.sha256);
      setDamage(version.sha256, undefined);
    });
    try {
      // What an earlier publish that failed left under this number was never a version.
      await records.delete(versionKey(name, number));
      await records.put(versionKey(name, number), encodeVersion(version), { expected: 'absent' });
      const pointer = pointAt(
        state,
        activate ? number : (state?.pointer?.active ?? null),
        number + 1,
        createdAt,
      );
      const versions = new Map([...(state?.versions ?? []), [number, version]]);
      await writePointer(
        'published',
        {
          name,
          pointer: undefined,
          problem: undefined,
          versions,
          damaged: state?.damaged ?? new Map(),
        },
        pointer,
      );
      logger.info(
        { function: name, version: number, sha256: version.sha256, active: activate },
        'version published',
      );
      return { outcome: 'published', version, active: activate };
    } finally {
      release();
    }
  };

  return {
    async publish(name, staged, facts, { activate }) {
      try {
        checkFunctionName(name);
        return await change(name, () => publish(name, staged, facts, activate));
      } catch (error) {
        await collector.collect([staged.sha256]);
        throw error;
      } finally {
        await staged.discard().catch((error: unknown) => {
          logger.warn(
            { function: name, err: error },
            'a staged module could not be removed; it goes at the next start',
          );
        });
      }
    },

    activate: (name, number) =>
      change(name, async () => {
        const state = known(states, name);
        const version = wholeVersion(state, number, bad);
        if (state.pointer?.active === number) return version;
        await writePointer('activated', state, pointAt(state, number, nextVersion(state), now()));
        logger.info({ function: name, version: number }, 'version activated');
        return version;
      }),

    rollback: (name) =>
      change(name, async () => {
        const state = known(states, name);
        const pointer = pointBack(name, pointerOf(state), now());
        const version = wholeVersion(state, pointer.active, bad);
        await writePointer('rolled-back', state, pointer);
        logger.info({ function: name, version: version.version }, 'rolled back');
        return version;
      }),

    deactivate: (name) =>
      change(name, async () => {
        const state = known(states, name);
        if (pointerOf(state).active === null) return;
        await writePointer('deactivated', state, pointAt(state, null, nextVersion(state), now()));
        logger.info({ function: name }, 'function deactivated');
      }),

    remove: (name) =>
      change(name, async () => {
        const { versions } = known(states, name);
        await records.delete(pointerKey(name));
        adopt('removed', name, undefined);
        logger.info({ function: name }, 'function removed');
        await dropVersions(records, name, await storedVersions(records, name), logger);
        await collector.collect([...versions.values()].map(({ sha256 }) => sha256));
      }),

    get(name) {
      const state = states.get(name);
      return state === undefined ? undefined : entryOf(state, bad);
    },
    list: () =>
      [...states.values()]
        .toSorted((a, b) => (a.name < b.name ? -1 : 1))
        .map((state) => entryOf(state, bad)),
    versions: (name) => wholeVersions(known(states, name), bad),
    damaged: (name) => damagedVersions(known(states, name), bad),
    version: (name, number) => wholeVersion(known(states, name), number, bad),

    artifact: (sha256) =>
      byDigest.run(sha256, async () => {
        try {
          return await artifacts.read(sha256);
        } catch (error) {
          if (!(error instanceof StoreError)) throw error;
          if (error.code !== 'artifact-corrupt' && error.code !== 'artifact-unknown') throw error;
          setDamage(
            sha256,
            error.code === 'artifact-corrupt'
              ? 'does not have the bytes of its digest'
              : 'is missing',
          );
          const { code, status, message, fix } = error;
          throw new RegistryError({ code, status, message, fix, cause: error });
        }
      }),

    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function versionOf(
  name: string,
  version: number,
  createdAt: string,
  staged: StagedArtifact,
  facts: VersionFacts,
): FunctionVersion {
  const { lane, binder, origin, warnings } = facts;
  // Copied, so that no caller can change what a version says.
  const config: JsonObject = JSON.parse(JSON.stringify(facts.config));
  return deepFreeze({
    name,
    version,
    sha256: staged.sha256,
    size: staged.size,
    lane,
    binder,
    config,
    origin,
    createdAt,
    warnings: [...warnings],
  });
}

function isSame(
  active: FunctionVersion,
  staged: StagedArtifact,
  { lane, binder, config }: VersionFacts,
): boolean {
  return (
    active.sha256 === staged.sha256 &&
    active.lane === lane &&
    active.binder === binder &&
    sameJson(active.config, config)
  );
}

function stagingEnded(sha256: string): RegistryError {
  return new RegistryError({
    code: 'artifact-unknown',
    status: 409,
    message: `The staged module ${sha256} was published before and is not kept any more.`,
    fix: 'Stage the module again for each publish.',
  });
}

/** For a registry without a logger: a warning that nobody sees would be a failure that nobody sees. */
function processWarnings(): RegistryLogger {
  return { info: () => undefined, warn: warnProcess, error: warnProcess };
}

function warnProcess(fields: object, message: string): void {
  process.emitWarning(message, { type: 'Registry', detail: inspect(fields) });
}
