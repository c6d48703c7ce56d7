import { ComponentError } from './errors.ts';
import { DEFAULT_READ_LIMITS } from './limits.ts';
import type { ReadLimits } from './limits.ts';

/** The limits that are spent over a whole upload rather than checked in one place. */
export type Spendable = {
  readonly [key in keyof ReadLimits]: key extends
    | 'definitions'
    | 'modules'
    | 'components'
    | 'instances'
    | 'arguments'
    | 'allMembers'
    | 'typeWork'
    | 'coreTypes'
    | 'coreImports'
    | 'coreExports'
    | 'coreFunctions'
    | 'coreItems'
    | 'coreElements'
    | 'debugNames'
    | 'sections'
    ? key
    : never;
}[keyof ReadLimits];

const WORDS: { readonly [key in Spendable]: string } = {
  definitions: 'definitions',
  modules: 'core modules',
  components: 'nested components',
  instances: 'instances',
  arguments: 'instantiation arguments and exports',
  allMembers: 'members of types',
  typeWork: 'copied type nodes',
  coreTypes: 'core types',
  coreImports: 'core imports',
  coreExports: 'core exports',
  coreFunctions: 'core functions',
  coreItems: 'globals, tags and segments',
  coreElements: 'elements of element segments',
  debugNames: 'debug names',
  sections: 'sections',
};

/** What one reading of one upload has used of its limits. */
export class Budget {
  readonly limits: ReadLimits;
  private readonly used = new Map<Spendable, number>();
  private resources = 0;

  constructor(limits: Partial<ReadLimits> = {}) {
    // A limit given as undefined, which plain JavaScript can do, must not become no limit.
    const given = Object.fromEntries(
      Object.entries(limits).filter(([, value]) => value !== undefined),
    );
    this.limits = { ...DEFAULT_READ_LIMITS, ...given };
  }

  /** How much of a limit is left. */
  left(what: Spendable): number {
    return this.limits[what] - (this.used.get(what) ?? 0);
  }

  spend(what: Spendable, amount: number, offset: number | undefined): void {
    const used = (this.used.get(what) ?? 0) + amount;
    if (used > this.limits[what]) {
      throw new ComponentError({
        code: 'limit-exceeded',
        message: `more than ${this.limits[what]} ${WORDS[what]}`,
        offset,
        fix: 'Split the component, or raise the limit on the host.',
      });
    }
    this.used.set(what, used);
  }

  /** A number for the next resource type, unique within the upload. */
  nextResource(): number {
    return this.resources++;
  }
}
