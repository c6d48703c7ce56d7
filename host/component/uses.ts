import type { Component, ExternType, FuncType } from './model.ts';
import type { ExternName } from './names.ts';

/** One import of a component, seen as what it lets the component call. */
export interface UsedImport {
  /** As in the binary, such as `wasi:io/poll@0.2.6`. */
  readonly name: string;
  readonly parsed: ExternName;
  /**
   * The functions that it brings, by the name of the export, such as `[method]pollable.block`; of
   * an instance within the instance as `inner/name`. An import that is a function itself brings
   * one, under its own name.
   */
  readonly functions: readonly UsedFunction[];
  /** Types and resources that it brings, by the name of the export. */
  readonly types: readonly string[];
  /** Brings types alone: nothing of it can be called. */
  readonly typesOnly: boolean;
  /** Kinds that are neither functions nor types: core modules, components and values. */
  readonly others: readonly {
    readonly name: string;
    readonly kind: 'module' | 'component' | 'value';
  }[];
}

export interface UsedFunction {
  readonly name: string;
  readonly type: FuncType;
}

/**
 * What a component imports, import by import, split into what can be called and what is only a
 * type. Imports of nested components are not listed: whoever instantiates them supplies those.
 */
export function usedFunctions(component: Component): readonly UsedImport[] {
  return component.imports.map(({ name, parsed, type }) => {
    const functions: UsedFunction[] = [];
    const types: string[] = [];
    const others: { name: string; kind: 'module' | 'component' | 'value' }[] = [];
    const visit = (path: string, extern: ExternType): void => {
      switch (extern.kind) {
        case 'func':
          functions.push(Object.freeze({ name: path, type: extern }));
          return;
        case 'type':
          types.push(path);
          return;
        case 'instance':
          // A type's depth and its size as a tree are limited by the reader, so this walk is too.
          for (const [inner, innerType] of extern.exports) {
            visit(extern === type ? inner : `${path}/${inner}`, innerType);
          }
          return;
        default:
          others.push(Object.freeze({ name: path, kind: extern.kind }));
      }
    };
    visit(name, type);
    return Object.freeze({
      name,
      parsed,
      functions: Object.freeze(functions),
      types: Object.freeze(types),
      typesOnly: functions.length === 0 && others.length === 0,
      others: Object.freeze(others),
    });
  });
}
