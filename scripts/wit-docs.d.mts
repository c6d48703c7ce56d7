export function docsOfWit(text: string): {
  readonly worlds: Readonly<Record<string, unknown>>;
  readonly interfaces: Readonly<Record<string, unknown>>;
};
export function withDocs(component: Uint8Array, docs: unknown): Uint8Array;
