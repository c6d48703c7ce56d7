import { describe, expect, it } from 'vitest';
import { guestHeaders, headerList, rawHeaders } from './headers.ts';

const text = (list: ReturnType<typeof guestHeaders>) =>
  list.map(([name, value]) => [name, Buffer.from(value).toString('latin1')]);

describe('headers', () => {
  it('keep their order, repeated names and bytes beyond ASCII both ways', () => {
    const raw = ['Set-Cookie', 'a=1', 'x-b', 'caf\u00e9', 'Set-Cookie', 'b=2'];
    expect(rawHeaders(headerList(raw))).toEqual(raw);
  });

  it('reach the guest without those that are between client and gateway', () => {
    const betweenHops = {
      Connection: 'close, X-Hop',
      'X-Hop': 'secret',
      'Keep-Alive': 'timeout=5',
      TE: 'trailers',
      'Transfer-Encoding': 'chunked',
      Upgrade: 'h2c',
      'Proxy-Connection': 'x',
    };
    const raw = [...Object.entries(betweenHops).flat(), 'Accept', '*/*', 'Accept', 'text/plain'];
    expect(text(guestHeaders(raw, ''))).toEqual([
      ['accept', '*/*'],
      ['accept', 'text/plain'],
    ]);
  });

  it('name the prefix that the guest does not see, whatever the client says of it', () => {
    expect(text(guestHeaders(['X-Forwarded-Prefix', '/forged'], '/fn/echo'))).toEqual([
      ['x-forwarded-prefix', '/fn/echo'],
    ]);
    expect(text(guestHeaders(['x-forwarded-prefix', '/forged'], ''))).toEqual([]);
  });
});
