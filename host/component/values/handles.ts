import type { ResourceType } from '../model.ts';

/** Where handles of resources become texts, and texts become handles. */
export interface Handles {
  /** The text that stands for a resource which the guest gave. */
  give(resource: ResourceType, value: object): string;
  /**
   * The resource that a text stands for; with `own` it is the guest's from now on. `undefined` when there is none
   * of that type, or it has been given away.
   */
  take(resource: ResourceType, handle: string, own: boolean): object | undefined;
}
