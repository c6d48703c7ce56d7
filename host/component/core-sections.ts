/** Sections in the order that the binary must have them (core spec 5.5.2); 13 is tag, 12 data count. */
export const SECTION_ORDER: readonly number[] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];
export const SECTION_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'type section'],
  [2, 'import section'],
  [3, 'function section'],
  [4, 'table section'],
  [5, 'memory section'],
  [6, 'global section'],
  [7, 'export section'],
  [8, 'start section'],
  [9, 'element section'],
  [10, 'code section'],
  [11, 'data section'],
  [12, 'data count section'],
  [13, 'tag section'],
]);
