import { randomBytes, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { link, mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { AdminError } from './errors.ts';

export interface AdminTokenOptions {
  /** Absolute path of the data directory; made where it is absent. */
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Secret bytes for a new token; the system's unless given. */
  readonly random?: ((count: number) => Uint8Array) | undefined;
}

export interface AdminToken {
  readonly value: string;
  /** Where it is kept; undefined when the environment gave it. */
  readonly file: string | undefined;
}

const TOKEN_BYTES = 32;
const MIN_LENGTH = 16;
/** Longer ones are no token but some other file. */
const MAX_LENGTH = 1024;
const FILE_NAME = 'admin-token';
const OTHERS = 0o077;

/**
 * The token of the control plane: `SELVEDGE_ADMIN_TOKEN`, else `DATA/admin-token`, which is made with mode 0600
 * where it is absent.
 *
 * Throws `AdminError` `admin-token-invalid`, `admin-token-exposed` (others may read the file) or
 * `admin-token-unusable` (the file cannot be read or made).
 */
export async function adminToken({
  dataDir,
  env,
  random = randomBytes,
}: AdminTokenOptions): Promise<AdminToken> {
  const given = env['SELVEDGE_ADMIN_TOKEN'];
  if (given !== undefined)
    return {
      value: checked(given, 'SELVEDGE_ADMIN_TOKEN', 'unset it to have one made'),
      file: undefined,
    };
  const file = join(dataDir, FILE_NAME);
  try {
    const kept = await read(file);
    if (kept !== undefined) return { value: kept, file };
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await create(file, Buffer.from(random(TOKEN_BYTES)).toString('base64url'));
    // Read back: another process that started at the same moment may have been first.
    const made = await read(file);
    if (made !== undefined) return { value: made, file };
    throw new AdminError({
      code: 'admin-token-unusable',
      status: 500,
      message: `${file} was removed while it was made`,
      fix: 'start again',
    });
  } catch (thrown) {
    if (thrown instanceof AdminError) throw thrown;
    const { code } = thrown as NodeJS.ErrnoException;
    throw new AdminError({
      code: 'admin-token-unusable',
      status: 500,
      message: `the admin token ${file} cannot be used (${code ?? 'unknown failure'})`,
      fix:
        code === 'ELOOP'
          ? `${file} must be a plain file, not a link: remove it`
          : `make ${dataDir} readable and writable for this user`,
      cause: thrown,
    });
  }
}

async function read(file: string): Promise<string | undefined> {
  let handle: FileHandle;
  try {
    // Never through a link: whoever could place one would choose the token. Never waiting for a pipe.
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
  try {
    // The descriptor is asked, not the path: they could be two files.
    const stat = await handle.stat();
    if (!stat.isFile() || stat.size > MAX_LENGTH) {
      throw new AdminError({
        code: 'admin-token-invalid',
        status: 500,
        message: `${file} holds no token`,
        fix: `remove it to have one made: rm -r ${file}`,
      });
    }
    // Windows has no such modes; Node makes some up there.
    if (process.platform !== 'win32' && (stat.mode & OTHERS) !== 0) {
      throw new AdminError({
        code: 'admin-token-exposed',
        status: 500,
        message: `others may read the admin token ${file} (mode ${(stat.mode & 0o777).toString(8).padStart(4, '0')})`,
        fix: `chmod 600 ${file}, or remove it to have a new one made, in case it was read`,
      });
    }
    return checked(
      (await handle.readFile('utf8')).trim(),
      file,
      `remove it to have one made: rm ${file}`,
    );
  } finally {
    await handle.close();
  }
}

/** Whole or not at all, and never over another: written beside its place, then linked into it. */
async function create(file: string, value: string): Promise<void> {
  const beside = `${file}.${randomUUID()}.new`;
  const handle = await open(
    beside,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o600,
  );
  try {
    await handle.writeFile(`${value}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(beside, file);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  } finally {
    await rm(beside, { force: true });
  }
}

/** RFC 6750 section 2.1 allows fewer characters in a header than this; visible ASCII is what every client sends unchanged. */
function checked(value: string, source: string, otherwise: string): string {
  if (value.length >= MIN_LENGTH && value.length <= MAX_LENGTH && /^[\x21-\x7e]+$/.test(value))
    return value;
  throw new AdminError({
    code: 'admin-token-invalid',
    status: 500,
    message: `${source} holds no token: ${MIN_LENGTH} to ${MAX_LENGTH} visible ASCII characters are expected`,
    fix: `give a random one (openssl rand -base64 32), or ${otherwise}`,
  });
}
