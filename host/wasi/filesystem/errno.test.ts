import os from 'node:os';
import { expect, test } from 'vitest';
import { WasiError } from '../errors.ts';
import { StreamFailure } from '../io/index.ts';
import { guestError, streamFailure } from './errno.ts';

const failed = (code: string) =>
  Object.assign(new Error(`${code}: open '/host/path'`), { code, errno: -1, syscall: 'open' });

test('every errno of this system becomes an error code and carries no path', () => {
  const codes = Object.keys(os.constants.errno).map((errno) => {
    const mapped = guestError(failed(errno));
    if (!(mapped instanceof WasiError)) throw new Error(`${errno} is not mapped`);
    expect(mapped.message).not.toContain('/host');
    return [errno, mapped.payload];
  });
  const map = Object.fromEntries(codes);
  expect(map).toMatchObject({
    ENOENT: 'no-entry',
    EACCES: 'access',
    EPERM: 'not-permitted',
    EMFILE: 'insufficient-memory',
    ENOSPC: 'insufficient-space',
    EXDEV: 'cross-device',
    ESTALE: 'io',
    ELOOP: 'loop',
  });
});

test('what is no failed system call goes on as it is', () => {
  const fault = new TypeError('a fault of the host');
  expect(guestError(fault)).toBe(fault);
  expect(streamFailure(fault)).toBe(fault);
});

test("a stream's failure carries its code and no path", () => {
  const mapped = streamFailure(failed('ENOSPC'));
  if (!(mapped instanceof StreamFailure)) throw new Error('not a stream failure');
  expect([mapped.domain, mapped.code]).toEqual(['filesystem', 'insufficient-space']);
  expect(mapped.message).not.toContain('/host');
});
