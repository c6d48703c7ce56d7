import { functionUnknown, RegistryError, versionUnknown } from './errors.ts';
import type { Pointer } from './documents.ts';
import type { DamagedVersion, FunctionEntry, FunctionVersion, Problem } from './model.ts';

/** What the registry remembers of one function. Never changed: a change makes a new one. */
export interface FunctionState {
  readonly name: string;
  /** Undefined when its record is damaged; then `problem` says how. */
  readonly pointer: Pointer | undefined;
  readonly problem: Problem | undefined;
  /** Those whose record is whole, in the order of their numbers. */
  readonly versions: ReadonlyMap<number, FunctionVersion>;
  /** Those whose record is damaged. */
  readonly damaged: ReadonlyMap<number, Problem>;
}

/** Damage to artifacts by digest: it is of every version that has them, and ends when one is stored again. */
export type BadArtifacts = ReadonlyMap<string, Problem>;

/** The oldest are forgotten, so that the pointer stays small. */
const MAX_HISTORY = 64;

/** The version that requests go to, when there is one and it is whole. */
export function serving(
  state: FunctionState | undefined,
  bad: BadArtifacts,
): FunctionVersion | undefined {
  const active = state?.pointer?.active ?? null;
  const version = active === null ? undefined : state?.versions.get(active);
  return version === undefined || bad.has(version.sha256) ? undefined : version;
}

export function entryOf(state: FunctionState, bad: BadArtifacts): FunctionEntry {
  const { name, pointer } = state;
  const active = serving(state, bad);
  const problem =
    state.problem ??
    (pointer?.active == null ? undefined : versionProblem(state, pointer.active, bad));
  return Object.freeze({
    name,
    status: problem !== undefined ? 'quarantined' : active === undefined ? 'inactive' : 'active',
    active,
    intended: pointer?.active == null ? undefined : state.versions.get(pointer.active),
    history: pointer?.history ?? [],
    problem,
    updatedAt: pointer?.updatedAt,
  });
}

export function damagedVersions(
  state: FunctionState,
  bad: BadArtifacts,
): readonly DamagedVersion[] {
  const numbers = new Set([...state.damaged.keys(), ...state.versions.keys()]);
  const damaged: DamagedVersion[] = [];
  for (const version of [...numbers].toSorted((a, b) => a - b)) {
    const problem = versionProblem(state, version, bad);
    if (problem !== undefined) damaged.push({ name: state.name, version, problem });
  }
  return damaged;
}

/** Throws RegistryError `version-unknown` or `version-damaged`. */
export function wholeVersion(
  state: FunctionState,
  number: number,
  bad: BadArtifacts,
): FunctionVersion {
  const problem = versionProblem(state, number, bad);
  const version = state.versions.get(number);
  if (version !== undefined && problem === undefined) return version;
  const next = state.pointer?.next ?? nextVersion(state);
  if (problem === undefined || !Number.isInteger(number) || number < 1 || number >= next) {
    throw versionUnknown(state.name, number, wholeNumbers(state, bad));
  }
  const whole = wholeNumbers(state, bad);
  throw new RegistryError({
    code: 'version-damaged',
    status: 409,
    message: `Version ${number} of ${state.name} cannot be used: ${problem.message}`,
    fix:
      whole.length === 0
        ? 'Deploy the function again.'
        : `Activate a whole version (${whole.slice(-20).join(', ')}), or deploy the function again.`,
  });
}

export function wholeVersions(state: FunctionState, bad: BadArtifacts): readonly FunctionVersion[] {
  return [...state.versions.values()].filter(({ sha256 }) => !bad.has(sha256));
}

/** Past every number seen, so that none is given twice even when the pointer is lost. */
export function nextVersion(state: FunctionState | undefined): number {
  if (state === undefined) return 1;
  return state.pointer?.next ?? Math.max(0, ...state.versions.keys(), ...state.damaged.keys()) + 1;
}

/** The pointer after `active` became the active version. */
export function pointAt(
  state: FunctionState | undefined,
  active: number | null,
  next: number,
  updatedAt: string,
): Pointer {
  const before = state?.pointer;
  const history = before?.history ?? [];
  if (before?.active == null || before.active === active)
    return { active, next, history, updatedAt };
  return { active, next, history: [...history, before.active].slice(-MAX_HISTORY), updatedAt };
}

/** The pointer after a step back. Throws RegistryError `nothing-to-roll-back-to`. */
export function pointBack(
  name: string,
  pointer: Pointer,
  updatedAt: string,
): Pointer & { readonly active: number } {
  const active = pointer.history.at(-1);
  if (active !== undefined)
    return { active, next: pointer.next, history: pointer.history.slice(0, -1), updatedAt };
  throw new RegistryError({
    code: 'nothing-to-roll-back-to',
    status: 409,
    message: `No version of ${name} was active before this one.`,
    fix: `Activate a version by its number: \`selvedge activate ${name} VERSION\`; \`selvedge versions ${name}\` lists them.`,
  });
}

/** Throws RegistryError `function-unknown`. */
export function known(states: ReadonlyMap<string, FunctionState>, name: string): FunctionState {
  const state = states.get(name);
  if (state === undefined) throw functionUnknown(name);
  return state;
}

/** Throws RegistryError `function-quarantined`: without its pointer nobody knows what was active. */
export function pointerOf(state: FunctionState): Pointer {
  if (state.pointer !== undefined) return state.pointer;
  throw new RegistryError({
    code: 'function-quarantined',
    status: 409,
    message: `${state.name} is quarantined: ${state.problem?.message ?? 'its record is damaged.'}`,
    fix: `Deploy it again, activate one of its versions, or remove it with \`selvedge remove ${state.name}\`.`,
  });
}

function versionProblem(
  state: FunctionState,
  number: number,
  bad: BadArtifacts,
): Problem | undefined {
  const damaged = state.damaged.get(number);
  if (damaged !== undefined) return damaged;
  const version = state.versions.get(number);
  if (version !== undefined) return bad.get(version.sha256);
  return {
    code: 'version-missing',
    message: `The record of version ${number} of ${state.name} is missing.`,
    fix: 'Restore the data directory from a backup, activate another version, or deploy the function again.',
  };
}

function wholeNumbers(state: FunctionState, bad: BadArtifacts): number[] {
  return wholeVersions(state, bad).map(({ version }) => version);
}
