import { overLimit, WasiError } from '../errors.ts';
import type { WasiInstance } from '../instance.ts';
import { HostResource } from '../resource.ts';
import {
  exceededHeaderLimit,
  fieldSize,
  type HeaderList,
  isForbidden,
  sectionSize,
} from './header-list.ts';
import { isFieldValue, isToken } from './syntax.ts';

/** `wasi:http/types.header-error` in the binder's shape. */
export type HeaderError =
  | { readonly tag: 'invalid-syntax' }
  | { readonly tag: 'forbidden' }
  | { readonly tag: 'immutable' }
  | { readonly tag: 'size-exceeded' };

/** What a block over the limits is: 0.2 has no error for it, so that it traps; 0.3 has `size-exceeded`. */
type Oversize = 'trap' | 'error';

export interface FieldsInit {
  readonly list: HeaderList;
  /** Mutations fail with `immutable`. Only mutable fields are held to the limits: the others exist already. */
  readonly immutable: boolean;
  /** For a child resource: tells its parent that it was dropped. */
  readonly released?: (() => void) | undefined;
  /** `trap` where absent. */
  readonly oversize?: Oversize | undefined;
}

/** `wasi:http/types.fields`: names keep their spelling, compare without case; order and repetitions are kept. */
export class Fields extends HostResource {
  readonly #immutable: boolean;
  readonly #released: (() => void) | undefined;
  readonly #oversize: Oversize;
  #list: HeaderList;
  #size: number;
  #lower: readonly string[] | undefined;
  /** Whether `#list` is ours alone and may be changed. */
  #own = false;

  constructor(instance: WasiInstance, init?: FieldsInit) {
    super(instance);
    this.#list = init?.list ?? [];
    this.#immutable = init?.immutable ?? false;
    this.#released = init?.released;
    this.#oversize = init?.oversize ?? 'trap';
    this.#size = this.#immutable ? 0 : sectionSize(this.#list);
  }

  /** `fields.from-list`. Fails over `limits.headers` and `limits.headerCount`, as `oversize` says. */
  static create(instance: WasiInstance, entries: HeaderList, oversize: Oversize = 'trap'): Fields {
    checkLimits(instance, entries.length, 0, oversize);
    for (const [name, value] of entries) {
      checkName(name);
      checkValue(value);
    }
    checkLimits(instance, entries.length, sectionSize(entries), oversize);
    return new Fields(instance, { list: entries, immutable: false, oversize });
  }

  get(name: string): Uint8Array[] {
    const lower = name.toLowerCase();
    const keys = this.#keys();
    const values: Uint8Array[] = [];
    this.#list.forEach(([, value], index) => {
      if (keys[index] === lower) values.push(value);
    });
    return values;
  }

  has(name: string): boolean {
    return this.#keys().includes(name.toLowerCase());
  }

  set(name: string, values: readonly Uint8Array[]): void {
    checkName(name);
    if (values.length > this.instance.limits.headerCount) this.#checkLimits(values.length, 0);
    for (const value of values) checkValue(value);
    this.#checkMutable();
    const kept = this.#without(name);
    const added = values.map((value) => [name, value] as const);
    const size = sectionSize(kept) + sectionSize(added);
    this.#checkLimits(kept.length + added.length, size);
    this.#replace([...kept, ...added], size);
  }

  delete(name: string): void {
    checkName(name);
    this.#checkMutable();
    const kept = this.#without(name);
    this.#replace(kept, sectionSize(kept));
  }

  /** Of 0.3: what was deleted. */
  getAndDelete(name: string): Uint8Array[] {
    checkName(name);
    this.#checkMutable();
    const values = this.get(name);
    this.delete(name);
    return values;
  }

  append(name: string, value: Uint8Array): void {
    checkName(name);
    checkValue(value);
    this.#checkMutable();
    const size = this.#size + fieldSize(name, value);
    this.#checkLimits(this.#list.length + 1, size);
    if (!this.#own) this.#replace([...this.#list], this.#size);
    (this.#list as (readonly [string, Uint8Array])[]).push([name, value]);
    this.#size = size;
    this.#lower = undefined;
  }

  entries(): [string, Uint8Array][] {
    return this.#list.map(([name, value]) => [name, value]);
  }

  /** What 0.3 calls `entries`. */
  copyAll(): [string, Uint8Array][] {
    return this.entries();
  }

  /** A mutable copy; lists are copied when one side changes. Traps over the limits, as building it would. */
  clone(): Fields {
    const exceeded = exceededHeaderLimit(this.#list, this.instance.limits);
    if (exceeded !== undefined)
      checkLimits(this.instance, this.#list.length, sectionSize(this.#list), 'trap');
    this.#own = false;
    const oversize = this.#oversize;
    return new Fields(this.instance, { list: this.#list, immutable: false, oversize });
  }

  /** For functions that take ownership of the fields: their content; the resource is gone. */
  take(): HeaderList {
    const list = this.#list;
    this[Symbol.dispose]();
    return list;
  }

  #keys(): readonly string[] {
    return (this.#lower ??= this.#list.map(([name]) => name.toLowerCase()));
  }

  #without(name: string): (readonly [string, Uint8Array])[] {
    const lower = name.toLowerCase();
    const keys = this.#keys();
    return this.#list.filter((_, index) => keys[index] !== lower);
  }

  #replace(list: HeaderList, size: number): void {
    this.#list = list;
    this.#size = size;
    this.#own = true;
    this.#lower = undefined;
  }

  #checkMutable(): void {
    if (this.#immutable) throw new WasiError<HeaderError>({ tag: 'immutable' });
  }

  #checkLimits(count: number, size: number): void {
    checkLimits(this.instance, count, size, this.#oversize);
  }

  protected override onDispose(): void {
    this.#released?.();
  }
}

function checkName(name: string): void {
  if (!isToken(name)) throw new WasiError<HeaderError>({ tag: 'invalid-syntax' });
  if (isForbidden(name.toLowerCase())) throw new WasiError<HeaderError>({ tag: 'forbidden' });
}

function checkValue(value: Uint8Array): void {
  if (!isFieldValue(value)) throw new WasiError<HeaderError>({ tag: 'invalid-syntax' });
}

function checkLimits(
  instance: WasiInstance,
  count: number,
  size: number,
  oversize: Oversize,
): void {
  const { headers, headerCount } = instance.limits;
  if (oversize === 'error' && (count > headerCount || size > headers))
    throw new WasiError<HeaderError>({ tag: 'size-exceeded' });
  if (count > headerCount) throw overLimit('headerCount', headerCount, 'fields in one block');
  if (size > headers) throw overLimit('headers', headers, 'bytes of fields in one block');
}
