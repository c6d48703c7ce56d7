import { existsSync, globSync, lstatSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface PackageSize {
  readonly name: string;
  /** What it takes on disk, in whole blocks, as `du` counts. */
  readonly bytes: number;
}

export interface InstalledSize {
  readonly bytes: number;
  /** The largest first. */
  readonly packages: readonly PackageSize[];
  /** What was counted as the package of this checkout itself. */
  readonly ownMeasured: 'dist' | 'sources';
}

/** As much of npm's lock files as is used here. */
export interface LockFile {
  readonly packages: Readonly<
    Record<string, { readonly dev?: boolean; readonly link?: boolean } | undefined>
  >;
}

/** Folders, relative to the checkout, of what a user's install has: every package that is not for development. */
export function productionFolders({ packages }: LockFile): string[] {
  return Object.entries(packages)
    .filter(([folder, entry]) => folder !== '' && entry?.dev !== true && entry?.link !== true)
    .map(([folder]) => folder);
}

/**
 * What installing the package takes: npm's record of what is in `node_modules`, without what is
 * there for development only, measured file by file; and the package itself, as it is published
 * where it is built, and otherwise its sources without tests.
 */
export function installedSize(root: string): InstalledSize {
  const record = join(root, 'node_modules', '.package-lock.json');
  const lock = JSON.parse(readFileSync(record, 'utf8')) as LockFile;
  const seen = new Set<string>();
  const sizes = new Map<string, number>();
  const add = (name: string, bytes: number) => sizes.set(name, (sizes.get(name) ?? 0) + bytes);
  for (const folder of productionFolders(lock)) {
    const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
    if (existsSync(join(root, folder))) add(name, folderBytes(join(root, folder), seen));
  }
  const built = existsSync(join(root, 'dist'));
  add('selvedge', built ? folderBytes(join(root, 'dist'), seen) : sourceBytes(root, seen));
  add('selvedge', fileBytes(join(root, 'scripts', 'selvedge.mjs'), seen));
  const packages = [...sizes]
    .map(([name, bytes]) => ({ name, bytes }))
    .toSorted((a, b) => b.bytes - a.bytes);
  return {
    bytes: packages.reduce((sum, { bytes }) => sum + bytes, 0),
    packages,
    ownMeasured: built ? 'dist' : 'sources',
  };
}

/** Without packages inside it, which npm lists by themselves. */
function folderBytes(folder: string, seen: Set<string>): number {
  let sum = fileBytes(folder, seen);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) sum += fileBytes(path, seen);
    else if (entry.name !== 'node_modules') sum += folderBytes(path, seen);
  }
  return sum;
}

function sourceBytes(root: string, seen: Set<string>): number {
  return globSync('host/**/*.ts', { cwd: root })
    .filter((file) => !/\.(test|fixture)\.ts$|(^|\/)(e2e\/|testing|conformance)/.test(file))
    .reduce((sum, file) => sum + fileBytes(join(root, file), seen), 0);
}

function fileBytes(path: string, seen: Set<string>): number {
  const { dev, ino, blocks } = lstatSync(path);
  // A file with several names takes its place once.
  const identity = `${dev}:${ino}`;
  if (seen.has(identity)) return 0;
  seen.add(identity);
  // POSIX st_blocks, as Linux and macOS count it: units of 512 bytes, whatever the file system's.
  return blocks * 512;
}
