import { openAsBlob } from 'node:fs';
import { CliError } from './errors.ts';

/** A file as a body that is read while it is sent. Throws `CliError` when it cannot be opened. */
export async function fileBlob(file: string, type = ''): Promise<Blob> {
  try {
    return await openAsBlob(file, { type });
  } catch (error) {
    throw unreadable(file, error);
  }
}

export function unreadable(file: string, cause: unknown): CliError {
  return new CliError({
    code: 'unreadable-file',
    status: 400,
    message: `${file} cannot be read.`,
    cause,
    fix: 'Name a file that exists and that you may read.',
  });
}
