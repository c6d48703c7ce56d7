import { posix, resolve } from 'node:path';
import { formatBytes, parseBytes, quote } from '../base/index.ts';
import { invalidText } from './errors.ts';
import type { DirGrant } from './types.ts';

/** Bytes that a writable grant may hold where it does not say. */
const DEFAULT_QUOTA = 64 * 1024 * 1024;
/** Files that a writable grant may hold where it does not say. */
const DEFAULT_FILES = 10_000;
const MAX_QUOTA = 2 ** 50;
const MAX_FILES = 100_000_000;

/** The table form of a grant; the text form is the same with less to type. */
export interface DirTable {
  readonly host: string;
  readonly guest: string;
  readonly mode?: string | undefined;
  readonly quota?: string | undefined;
  readonly files?: number | undefined;
}

/**
 * `HOST[::GUEST[:MODE[,quota=SIZE][,files=COUNT]]]`, MODE `ro` (default) or `rw`; without GUEST
 * the guest sees the same path. `host` stays as written. Throws `ConfigError`.
 */
export function parseDirGrant(text: string): DirGrant {
  const [host = '', rest, ...more] = text.split('::');
  if (more.length > 0) {
    throw invalidText(
      `${quote(text)} has more than one "::".`,
      'Use the table form: { host = "…", guest = "…" }.',
    );
  }
  if (rest === undefined) {
    const mode = /:(ro|rw)$/.exec(host)?.[0];
    if (mode !== undefined) {
      const path = host.slice(0, -mode.length);
      throw invalidText(
        `${quote(text)} has a mode but no guest path.`,
        `Write ${quote(`${path}::${posix.isAbsolute(path) ? path : '/data'}${mode}`)}.`,
      );
    }
    return dirGrant({ host, guest: host });
  }
  const [place = '', ...options] = rest.split(',');
  const [guest = '', mode, ...modes] = place.split(':');
  if (modes.length > 0) {
    throw invalidText(
      `${quote(text)} has more than one mode.`,
      'Write HOST::GUEST:ro or HOST::GUEST:rw.',
    );
  }
  const table: { -readonly [K in keyof DirTable]: DirTable[K] } = { host, guest, mode };
  for (const option of options) {
    const [name, value] = splitOnce(option);
    if (name === 'quota' && table.quota === undefined) table.quota = value;
    else if (name === 'files' && table.files === undefined && /^\d{1,9}$/.test(value))
      table.files = Number(value);
    else
      throw invalidText(
        `${quote(option)} is not an option of a directory.`,
        'Options are quota=64MiB and files=1000, once each.',
      );
  }
  return dirGrant(table);
}

/** Checks the table form and fills its defaults. Throws `ConfigError` or `UnitError`. */
export function dirGrant(table: DirTable): DirGrant {
  if (table.host === '' || table.host.includes('\0')) {
    throw invalidText(
      'the host directory is empty or holds a NUL.',
      'Name a directory of this machine, e.g. "./data::/data".',
    );
  }
  const guest = checkGuestPath(table.guest, table.host);
  const mode = table.mode ?? 'ro';
  if (mode !== 'ro' && mode !== 'rw') {
    throw invalidText(`${quote(mode)} is not a mode.`, 'Use ro (read only, the default) or rw.');
  }
  if (mode === 'ro') {
    if (table.quota !== undefined || table.files !== undefined) {
      throw invalidText(
        'a read-only directory has no quota.',
        'Leave out quota and files, or write :rw.',
      );
    }
    return { host: table.host, guest, mode, quota: 0, files: 0 };
  }
  const quota = table.quota === undefined ? DEFAULT_QUOTA : parseBytes(table.quota);
  const files = table.files ?? DEFAULT_FILES;
  if (quota < 1 || quota > MAX_QUOTA) {
    throw invalidText('the quota is outside 1B to 1024TiB.', 'Give one such as quota=64MiB.');
  }
  if (!Number.isInteger(files) || files < 1 || files > MAX_FILES) {
    throw invalidText(
      `the number of files is outside 1 to ${MAX_FILES}.`,
      'Give one such as files=1000.',
    );
  }
  return { host: table.host, guest, mode, quota, files };
}

/** The table form of a grant with its host path made absolute: means the same wherever it is read. */
export function absoluteDirTable(grant: DirGrant, baseDir: string): DirTable {
  const { guest, mode } = grant;
  const host = resolve(baseDir, grant.host);
  return mode === 'ro'
    ? { host, guest, mode }
    : { host, guest, mode, quota: formatBytes(grant.quota), files: grant.files };
}

function checkGuestPath(guest: string, host: string): string {
  if (!posix.isAbsolute(guest)) {
    throw invalidText(
      `the guest path ${quote(guest)} is not absolute.`,
      `Say where the guest finds it, e.g. ${quote(`${host}::/data`)}.`,
    );
  }
  if (/\p{Cc}/u.test(guest)) {
    throw invalidText('the guest path holds a control character.', 'Give a path such as "/data".');
  }
  const normal = posix.normalize(guest).replace(/(?<=.)\/$/, '');
  if (normal !== guest) {
    throw invalidText(
      `the guest path ${quote(guest)} is not in its shortest form.`,
      `Write ${quote(normal)}.`,
    );
  }
  return guest;
}

function splitOnce(option: string): [name: string, value: string] {
  const cut = option.indexOf('=');
  return cut === -1 ? [option, ''] : [option.slice(0, cut), option.slice(cut + 1)];
}
