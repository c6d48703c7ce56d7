import { concat, encodeU32, Reader, sections } from './binary.ts';
import { RewriteError } from './errors.ts';

export interface Caps {
  /** Pages (64 KiB) that each memory may grow beyond its declared minimum. */
  readonly extraPages: number;
  /** Elements that a table may have. */
  readonly tableElements: number;
}

const TABLE_SECTION = 4;
const MEMORY_SECTION = 5;

/**
 * Gives every memory and table that the module defines a maximum, or lowers the one it has, so that
 * `memory.grow` and `table.grow` give -1 at the cap. Only these two sections change; code does not.
 *
 * Throws `RewriteError` for limits it does not know (shared, 64-bit, custom pages, tables with an
 * initialiser), and for a table whose minimum is above the cap: what cannot be capped is not run.
 */
export function capModule(module: Uint8Array, caps: Caps): Uint8Array {
  const parts: (Uint8Array | readonly number[])[] = [];
  let copied = 0;
  for (const section of sections(module)) {
    if (section.id !== TABLE_SECTION && section.id !== MEMORY_SECTION) continue;
    const reader = new Reader(module, section.contents, section.end);
    const contents =
      section.id === MEMORY_SECTION ? cappedMemories(reader, caps) : cappedTables(reader, caps);
    parts.push(
      module.subarray(copied, section.start),
      [section.id, ...encodeU32(contents.length)],
      contents,
    );
    copied = section.end;
  }
  if (copied === 0) return module;
  parts.push(module.subarray(copied));
  return concat(parts);
}

function cappedMemories(reader: Reader, caps: Caps): Uint8Array {
  return cappedEntries(reader, () => {
    const { minimum, maximum } = limits(reader, 'memory');
    return limitsWithMaximum(minimum, Math.min(maximum, minimum + caps.extraPages, 65_536));
  });
}

function cappedTables(reader: Reader, caps: Caps): Uint8Array {
  return cappedEntries(reader, () => {
    const type = reader.at;
    skipReferenceType(reader);
    const reference = reader.bytes.subarray(type, reader.at);
    const { minimum, maximum } = limits(reader, 'table');
    if (minimum > caps.tableElements) {
      throw new RewriteError(
        `a core module declares a table of ${minimum} elements, and ${caps.tableElements} are allowed`,
        'raise limits.tableElements if the function needs it',
      );
    }
    return concat([reference, limitsWithMaximum(minimum, Math.min(maximum, caps.tableElements))]);
  });
}

function cappedEntries(reader: Reader, entry: () => Uint8Array | readonly number[]): Uint8Array {
  const count = reader.u32();
  const parts: (Uint8Array | readonly number[])[] = [encodeU32(count)];
  for (let index = 0; index < count; index++) parts.push(entry());
  if (reader.at !== reader.end)
    throw new RewriteError(
      `a section of a core module is longer than what it holds, at byte ${reader.at}`,
    );
  return concat(parts);
}

function limits(reader: Reader, what: string): { minimum: number; maximum: number } {
  const flags = reader.byte();
  if (flags > 1)
    throw new RewriteError(
      `a core module has a shared, 64-bit or custom-page ${what}, which this host does not run`,
    );
  const minimum = reader.u32();
  return { minimum, maximum: flags === 1 ? reader.u32() : Infinity };
}

function limitsWithMaximum(minimum: number, maximum: number): number[] {
  return [1, ...encodeU32(minimum), ...encodeU32(maximum)];
}

/** Core specification, section 5.3.5: one byte, or `ref`/`ref null` and a heap type. */
function skipReferenceType(reader: Reader): void {
  const byte = reader.byte();
  if (byte === 0x40)
    throw new RewriteError(
      'a core module has a table with an initialiser, which this host does not run',
    );
  if (byte === 0x63 || byte === 0x64) reader.skipS33();
}
