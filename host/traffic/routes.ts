import type { Route } from '../config/index.ts';
import { TrafficError } from './errors.ts';

/** Where a request goes. */
export interface RouteMatch<Target> {
  readonly target: Target;
  /** What the guest does not see of the path, without trailing slash; empty for a route of its own. */
  readonly prefix: string;
}

interface Mounted<Target> {
  readonly name: string;
  readonly target: Target;
  readonly routes: readonly Route[];
}

/** `/fn/NAME` and everything below it reaches the function of that name. */
const FUNCTION_PREFIX = '/fn/';

/**
 * Which function answers a path: the manifest's routes first, the longest path before shorter ones, an exact one
 * before a wildcard, a route that names the method before one that does not; then `/fn/NAME/*`.
 * Paths are compared as they stand on the wire: nothing is decoded, so nothing can be decoded twice.
 */
export class RoutingTable<Target> {
  readonly #mounted = new Map<string, Mounted<Target>>();
  readonly #claims = new Set<{ readonly name: string; readonly routes: readonly Route[] }>();
  #routes: readonly { readonly route: Route; readonly target: Target }[] = [];

  /** Throws `route-conflict` (409) when another function has one of the routes; those of `beside` are to give theirs up. */
  check(name: string, routes: readonly Route[], beside: ReadonlySet<string> = new Set()): void {
    for (const other of [...this.#mounted.values(), ...this.#claims]) {
      if (other.name === name || beside.has(other.name)) continue;
      const clash = routes.find((route) => other.routes.some((taken) => sameRoute(route, taken)));
      if (clash === undefined) continue;
      throw new TrafficError({
        code: 'route-conflict',
        status: 409,
        message: `the route ${JSON.stringify(clash.source)} belongs to the function ${other.name} already`,
        fix: `choose another route, or remove it from ${other.name} first`,
      });
    }
  }

  /** As `check`; until it is given back nobody else gets the routes, though they are mounted only later. */
  claim(name: string, routes: readonly Route[], beside?: ReadonlySet<string>): Disposable {
    this.check(name, routes, beside);
    const claim = { name, routes };
    this.#claims.add(claim);
    return { [Symbol.dispose]: () => void this.#claims.delete(claim) };
  }

  /** Puts `target` in the place of what the name meant before. */
  mount(name: string, routes: readonly Route[], target: Target): void {
    this.#mounted.set(name, { name, target, routes });
    this.#sort();
  }

  unmount(name: string): void {
    this.#mounted.delete(name);
    this.#sort();
  }

  get(name: string): Target | undefined {
    return this.#mounted.get(name)?.target;
  }

  targets(): Target[] {
    return [...this.#mounted.values()].map((each) => each.target);
  }

  /**
   * `path` without query. Throws `not-found` (404), or `method-not-allowed` (405, with `details.allow`) when only
   * the method keeps a route from matching.
   */
  match(method: string, path: string): RouteMatch<Target> {
    const allow = new Set<string>();
    for (const { route, target } of this.#routes) {
      if (!(route.wildcard ? `${path}/`.startsWith(route.path) : path === route.path)) continue;
      if (takes(route, method)) return { target, prefix: '' };
      if (route.method !== undefined) allow.add(route.method);
    }
    const named = this.#matchName(path);
    if (named !== undefined) return named;
    if (allow.size === 0) throw notFound(path);
    throw new TrafficError({
      code: 'method-not-allowed',
      status: 405,
      message: `no function takes this method here; ${[...allow].join(', ')} would be taken`,
      details: { allow: [...allow] },
    });
  }

  #matchName(path: string): RouteMatch<Target> | undefined {
    if (!path.startsWith(FUNCTION_PREFIX)) return undefined;
    const end = path.indexOf('/', FUNCTION_PREFIX.length);
    const name = path.slice(FUNCTION_PREFIX.length, end === -1 ? undefined : end);
    const mounted = this.#mounted.get(name);
    return mounted && { target: mounted.target, prefix: FUNCTION_PREFIX + name };
  }

  #sort(): void {
    this.#routes = [...this.#mounted.values()]
      .flatMap(({ routes, target }) => routes.map((route) => ({ route, target })))
      .sort(
        ({ route: a }, { route: b }) =>
          Number(a.wildcard) - Number(b.wildcard) ||
          b.path.length - a.path.length ||
          Number(a.method === undefined) - Number(b.method === undefined),
      );
  }
}

/** Who answers GET answers HEAD (RFC 9110 section 9.3.2). */
function takes(route: Route, method: string): boolean {
  return (
    route.method === undefined ||
    route.method === method ||
    (route.method === 'GET' && method === 'HEAD')
  );
}

function sameRoute(a: Route, b: Route): boolean {
  return a.method === b.method && a.path === b.path && a.wildcard === b.wildcard;
}

function notFound(path: string): TrafficError {
  return new TrafficError({
    code: 'not-found',
    status: 404,
    message: `no function answers at ${JSON.stringify(path.slice(0, 200))}`,
    fix: 'selvedge list shows the functions and their routes',
  });
}
