/** Why something may not be reached, for the operator: never shown to the guest. */
export interface Reason {
  readonly what: string;
  /** The line or flag that would allow it, or why none does. */
  readonly fix: string;
}
