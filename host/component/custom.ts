import type { Cursor } from './bytes.ts';
import type { CustomSection, Producers, ProducersField } from './core-model.ts';
import { ComponentError } from './errors.ts';
import type { AnySort, ComponentNames } from './model.ts';

/** Reads the frame of a custom section (core spec 5.5.3); its contents are the caller's. */
export function readCustomSection(body: Cursor): CustomSection {
  const name = body.name('name of a custom section');
  return Object.freeze({
    name,
    range: Object.freeze({ start: body.pos, end: body.end }),
    bytes: body.bytes.subarray(body.pos, body.end),
  });
}

/**
 * Custom sections have no meaning for execution, and a broken one must not refuse an upload that
 * every engine runs: what does not decode is left unread. Its name and range stay in the model.
 */
export function lenient<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ComponentError) return undefined;
    throw error;
  }
}

/** The `producers` section (tool-conventions, ProducersSection.md). */
export function readProducers(body: Cursor): Producers {
  const fields: ProducersField[] = [];
  const count = body.count('fields of producers', body.budget.limits.debugNames, 2);
  for (let i = 0; i < count; i++) {
    const field = body.name();
    const values: { name: string; version: string }[] = [];
    const length = body.count('values of producers', body.budget.left('debugNames'), 2);
    body.budget.spend('debugNames', length, body.pos);
    for (let j = 0; j < length; j++) {
      values.push(Object.freeze({ name: body.name(), version: body.name() }));
    }
    fields.push(Object.freeze({ field, values: Object.freeze(values) }));
  }
  body.expectDone('producers');
  return Object.freeze(fields);
}

const CORE_SORTS: ReadonlyMap<number, AnySort> = new Map<number, AnySort>([
  [0x00, 'core func'],
  [0x01, 'core table'],
  [0x02, 'core memory'],
  [0x03, 'core global'],
  [0x04, 'core tag'],
  [0x10, 'core type'],
  [0x11, 'core module'],
  [0x12, 'core instance'],
]);
const SORTS: ReadonlyMap<number, AnySort> = new Map<number, AnySort>([
  [0x01, 'func'],
  [0x02, 'value'],
  [0x03, 'type'],
  [0x04, 'component'],
  [0x05, 'instance'],
]);

/** The `component-name` section (Binary.md, "Name Section"). */
export function readComponentNames(body: Cursor): ComponentNames {
  let component: string | undefined;
  const items = new Map<AnySort, ReadonlyMap<number, string>>();
  while (!body.done) {
    const id = body.byte();
    const part = body.window(body.u32(), 'subsection of component-name');
    if (id === 0) {
      component = part.name();
      part.expectDone('the name of the component');
    } else if (id === 1) {
      const first = part.byte();
      const sort = first === 0x00 ? CORE_SORTS.get(part.byte()) : SORTS.get(first);
      if (sort === undefined) continue;
      items.set(sort, readNameMap(part));
    }
  }
  return Object.freeze({ component, items });
}

function readNameMap(part: Cursor): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  const count = part.count('names', part.budget.left('debugNames'), 2);
  part.budget.spend('debugNames', count, part.pos);
  for (let i = 0; i < count; i++) names.set(part.u32(), part.name());
  part.expectDone('a name map');
  return names;
}

/** The module's own name in the `name` section (core spec, appendix 7.4). */
export function readModuleName(body: Cursor): string | undefined {
  while (!body.done) {
    const id = body.byte();
    const length = body.u32();
    if (id === 0) return body.window(length, 'name of the module').name();
    body.skip(length, 'subsection of name');
  }
  return undefined;
}
