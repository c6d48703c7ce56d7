import { describe, expect, it } from 'vitest';
import { parseRoute } from '../config/index.ts';
import { RoutingTable } from './routes.ts';

function table(functions: Record<string, readonly string[]>): RoutingTable<string> {
  const routes = new RoutingTable<string>();
  for (const [name, sources] of Object.entries(functions))
    routes.mount(
      name,
      sources.map((source) => parseRoute(source)),
      name,
    );
  return routes;
}

describe('RoutingTable', () => {
  it.each([
    ['GET', '/a', 'exact'],
    ['GET', '/a/c', 'wild'],
    // A wildcard matches an empty rest too.
    ['GET', '/a/b', 'deep'],
    ['GET', '/a/b/c', 'deep'],
    ['GET', '/a/b/', 'deep'],
    ['POST', '/a/b/c', 'deepPost'],
    ['GET', '/elsewhere', 'all'],
    ['GET', '/', 'all'],
  ])(
    '%s %s reaches %s: longest first, exact before wildcard, method before any',
    (method, path, expected) => {
      const routes = table({
        all: ['/*'],
        wild: ['/a/*'],
        exact: ['/a'],
        deep: ['/a/b/*'],
        deepPost: ['POST /a/b/*'],
      });
      expect(routes.match(method, path).target).toBe(expected);
    },
  );

  it('does not take a longer segment for a prefix', () => {
    expect(() => table({ wild: ['/a/*'] }).match('GET', '/ab')).toThrow(
      expect.objectContaining({ code: 'not-found', status: 404 }),
    );
  });

  it('takes HEAD where it takes GET', () => {
    expect(table({ reads: ['GET /x'] }).match('HEAD', '/x').target).toBe('reads');
  });

  it('says which methods a path takes', () => {
    const routes = table({ reads: ['GET /x'], writes: ['PUT /x'] });
    expect(() => routes.match('DELETE', '/x')).toThrow(
      expect.objectContaining({
        code: 'method-not-allowed',
        status: 405,
        details: { allow: ['GET', 'PUT'] },
      }),
    );
  });

  it.each([
    ['/fn/hello', '/fn/hello'],
    ['/fn/hello/', '/fn/hello'],
    ['/fn/hello/deep/path', '/fn/hello'],
  ])('%s reaches the function by its name, which the guest does not see', (path, prefix) => {
    expect(table({ hello: [] }).match('GET', path)).toEqual({ target: 'hello', prefix });
  });

  it.each([
    '/fn/',
    '/fn',
    '/fn//x',
    '/FN/hello',
    '/fn/hello%2f',
    '/fn/..%2fhello',
    '//fn/hello',
    '/fn/HELLO',
    '/x/../fn/hello',
  ])('nothing is decoded, folded or normalised: %s is not found', (path) => {
    expect(() => table({ hello: [] }).match('GET', path)).toThrow(
      expect.objectContaining({ code: 'not-found' }),
    );
  });

  it('refuses a route that another function has, and lets a function keep its own', () => {
    const routes = table({ first: ['GET /x', '/y/*'] });
    const wanted = [parseRoute('/y/*')];
    expect(() => routes.check('second', wanted)).toThrow(
      expect.objectContaining({ code: 'route-conflict', status: 409 }),
    );
    expect(() => routes.check('first', wanted)).not.toThrow();
    expect(() => routes.check('second', [parseRoute('POST /x')])).not.toThrow();
  });

  it('forgets the routes of what is taken out or replaced', () => {
    const routes = table({ first: ['/x'] });
    routes.mount('first', [parseRoute('/z')], 'newer');
    expect(() => routes.match('GET', '/x')).toThrow(expect.objectContaining({ code: 'not-found' }));
    expect(routes.match('GET', '/z').target).toBe('newer');
    routes.unmount('first');
    expect(() => routes.match('GET', '/fn/first')).toThrow(
      expect.objectContaining({ code: 'not-found' }),
    );
  });
});
