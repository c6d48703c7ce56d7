import { expect, test } from 'vitest';
import { resolveHostSettings } from './host-settings.ts';

test('flags and environment win over the manifest, and that over the defaults', () => {
  const settings = resolveHostSettings(
    { listen: '127.0.0.1:1' },
    { listen: '127.0.0.1:2', adminListen: '127.0.0.1:3' },
    '/here',
  );
  expect(settings).toEqual({
    listen: '127.0.0.1:1',
    adminListen: '127.0.0.1:3',
    data: '/here/.selvedge',
    workers: 1,
    logLevel: 'info',
  });
});
