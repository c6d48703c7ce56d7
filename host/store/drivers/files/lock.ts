import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreError, systemCode } from '../../errors.ts';

/** SQLITE_BUSY and SQLITE_LOCKED (sqlite.org/rescode.html). */
const HELD = new Set([5, 6]);

/**
 * Takes the data directory for this process; gives the release.
 *
 * The lock is the one that SQLite takes on a file, since Node has no other: the kernel holds it for the process and
 * lets it go with the process, so that nothing is stale after kill -9, a reboot or in a new container, and no
 * process id that was given again can be taken for the holder. `owner.json` only tells a person who holds it.
 *
 * Throws StoreError `data-locked` (503).
 */
export function lockDirectory(directory: string): () => void {
  const lock = join(directory, 'lock');
  const owner = join(directory, 'owner.json');
  makePrivate(lock);
  const database = new DatabaseSync(lock);
  try {
    database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (error instanceof Error && 'errcode' in error && HELD.has(Number(error.errcode)))
      throw locked(directory, owner, error);
    throw error;
  }
  writeFileSync(owner, `${JSON.stringify({ pid: process.pid })}\n`, { mode: 0o600 });
  return () => {
    if (database.isOpen) database.close();
  };
}

/** Made before SQLite does, which would give it the mode of the umask. */
function makePrivate(lock: string): void {
  // Never opened when it is there: closing any descriptor of a file ends all POSIX locks of this process on it (fcntl(2)).
  if (existsSync(lock)) return;
  try {
    closeSync(openSync(lock, 'ax', 0o600));
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

function locked(directory: string, owner: string, cause: Error): StoreError {
  const pid = ownerPid(owner);
  return new StoreError({
    code: 'data-locked',
    status: 503,
    message: `Another process${pid === undefined ? '' : ` (${pid})`} uses the data directory ${directory}.`,
    fix: 'Stop that process, or give this one a directory of its own with `--data DIR`.',
    cause,
  });
}

function ownerPid(owner: string): number | undefined {
  try {
    const { pid }: { pid?: unknown } = JSON.parse(readFileSync(owner, 'utf8'));
    return typeof pid === 'number' ? pid : undefined;
  } catch {
    // The holder is about to write it, or a person removed it: the message says less, and is no less true.
    return undefined;
  }
}
