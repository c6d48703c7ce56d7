import { expect, test } from 'vitest';
import { judgeAddress } from './addresses.ts';
import { isOwn } from './own-addresses.ts';

const machine = ['127.0.0.1', '::1', '192.168.7.2', 'fe80::5%eth0', '2606:2800::9'];

test.each([
  // listener, dialled address, port, own?
  ['127.0.0.1', '127.0.0.1', 8081, true],
  ['127.0.0.1', '::ffff:127.0.0.1', 8081, true],
  ['127.0.0.1', '0.0.0.0', 8081, true],
  ['127.0.0.1', '::', 8081, true],
  ['127.0.0.1', '127.0.0.1', 8082, false],
  ['127.0.0.1', '127.0.0.2', 8081, false],
  ['127.0.0.1', '192.168.7.2', 8081, false],
  ['::1', '::1', 8081, true],
  ['::1', '::', 8081, true],
  ['0.0.0.0', '127.0.0.1', 8081, true],
  ['0.0.0.0', '127.9.9.9', 8081, true],
  ['0.0.0.0', '0.0.0.0', 8081, true],
  ['0.0.0.0', '192.168.7.2', 8081, true],
  ['0.0.0.0', '192.168.7.3', 8081, false],
  ['::', '192.168.7.2', 8081, true],
  ['::', '2606:2800::9', 8081, true],
  ['::', 'fe80::5', 8081, true],
  ['::', '::1', 8081, true],
  ['::ffff:127.0.0.1', '127.0.0.1', 8081, true],
])(
  'the host listens on %s port 8081: %s port %i is its own: %s',
  (listener, dialled, port, expected) => {
    const judged = judgeAddress(dialled);
    if (judged === undefined) throw new Error(`${dialled} is no address`);
    expect(isOwn(judged, port, [{ address: listener, port: 8081 }], machine)).toBe(expected);
  },
);

test('a listener whose address is unknown is an error, not an open door', () => {
  const judged = judgeAddress('127.0.0.1');
  if (judged === undefined) throw new Error('unreachable');
  expect(() => isOwn(judged, 8081, [{ address: 'localhost', port: 8081 }], machine)).toThrow(
    TypeError,
  );
});
