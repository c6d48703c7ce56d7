import { createHash } from 'node:crypto';
import {
  LIMITS,
  parseFunctionConfig,
  parseRoute,
  type FunctionConfig,
  type Route,
} from '../config/index.ts';
import { readUpload } from '../lanes/index.ts';
import {
  sameJson,
  type FunctionVersion,
  type PublishResult,
  type Registry,
} from '../registry/index.ts';
import type { Runtimes } from '../runtime/index.ts';
import type { JsonObject, StagedArtifact } from '../store/index.ts';
import { problemOf, type Clock } from '../base/index.ts';
import { createLogBudget, type Logger } from '../telemetry/index.ts';
import { TrafficError } from './errors.ts';
import { Gate } from './gate.ts';
import { LiveFunction, type Caller } from './live-function.ts';
import { callTyped, typedEntryOf, type TypedAnswer, type TypedCall } from './typed-call.ts';
import { RoutingTable, type RouteMatch } from './routes.ts';

export interface DeploymentsOptions {
  readonly registry: Registry;
  readonly runtimes: Runtimes;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Absolute directory that relative host paths of uploads stand on. */
  readonly baseDir: string;
}

/** What an upload would be if it were deployed. */
export interface Inspected {
  readonly sha256: string;
  readonly size: number;
  readonly lane: string;
  readonly binder: string;
  readonly config: FunctionConfig;
  /** What the person should know though nothing is wrong. */
  readonly warnings: readonly string[];
}

export interface DeployOptions {
  readonly origin: 'upload' | 'manifest';
  readonly activate: boolean;
  /** Functions that are deployed in the same go, and may give up routes to this one. */
  readonly beside?: ReadonlySet<string> | undefined;
}

/** Why a function that is deployed cannot be served. */
export interface Unavailable {
  readonly code: string;
  readonly message: string;
  readonly fix: string | undefined;
}

/** Modules prepared at once, and waiting for it: preparing takes memory and a core. */
const PREPARE_AT_ONCE = 2;
const PREPARE_WAITING = 256;

type Mounted = LiveFunction | Unavailable;

/** The functions that requests reach, kept in step with the registry: prepared before they are activated. */
export class Deployments {
  readonly #options: DeploymentsOptions;
  readonly #table = new RoutingTable<Mounted>();
  readonly #gate = new Gate(PREPARE_AT_ONCE, PREPARE_WAITING);
  readonly #retiring = new Set<Promise<void>>();

  constructor(options: DeploymentsOptions) {
    this.#options = options;
  }

  /** Prepares what the registry says is active. What cannot be prepared is logged and answers 503; the others serve. */
  async start(): Promise<void> {
    const entries = this.#options.registry.list();
    for (const { name, intended, problem } of entries) {
      // The registry has logged it. Of one whose record is lost, only the name is known.
      if (problem !== undefined)
        this.#table.mount(name, intended === undefined ? [] : routesOf(intended.config), problem);
    }
    await Promise.all(
      entries.flatMap((entry) => entry.active ?? []).map((version) => this.#startVersion(version)),
    );
  }

  async #startVersion(version: FunctionVersion): Promise<void> {
    try {
      const config = this.#configure(version.config);
      using _claim = this.#table.claim(version.name, config.routes);
      this.#install(version, await this.#load(version, config));
    } catch (thrown) {
      this.#options.logger.error(
        { function: version.name, version: version.version, err: thrown },
        'a function could not be prepared',
      );
      this.#table.mount(version.name, routesOf(version.config), unavailable(thrown));
    }
  }

  /** Checks an upload as far as deploying it would, and keeps nothing. Throws what refuses it. */
  async inspect(name: string, staged: StagedArtifact, raw: JsonObject): Promise<Inspected> {
    const config = this.#configure(raw);
    this.#table.check(name, config.routes);
    const { live, inspected } = await this.#prepareStaged(name, staged, raw, config);
    await live.retire();
    return inspected;
  }

  /**
   * Prepares an upload, makes it a version, and, unless told otherwise, gives it the function's requests. Requests
   * that have begun finish on the version they began on. Throws what refuses the upload; then nothing has changed.
   */
  async deploy(
    name: string,
    staged: StagedArtifact,
    raw: JsonObject,
    options: DeployOptions,
  ): Promise<PublishResult> {
    const { registry } = this.#options;
    const { origin } = options;
    const config = this.#configure(raw);
    using _claim = this.#table.claim(name, config.routes, options.beside);
    const { live, inspected } = await this.#prepareStaged(name, staged, raw, config);
    let result: PublishResult;
    try {
      const { lane, binder, warnings } = inspected;
      result = await registry.publish(
        name,
        staged,
        { lane, binder, config: raw, origin, warnings },
        { activate: options.activate },
      );
    } catch (thrown) {
      await live.retire();
      throw thrown;
    }
    this.#install(result.version, live);
    return result;
  }

  /** Whether requests of the function go to this very code and configuration, so that deploying it would change nothing. */
  serves(name: string, sha256: string, raw: JsonObject): boolean {
    const active = this.#options.registry.get(name)?.active;
    return (
      active?.sha256 === sha256 &&
      sameJson(active.config, raw) &&
      this.#table.get(name) instanceof LiveFunction
    );
  }

  /** Serves bytes under a name and routes of their own, past the registry: nothing of it is kept. */
  async serveOnly(name: string, bytes: Uint8Array, raw: JsonObject): Promise<LiveFunction> {
    const config = this.#configure(raw);
    const live = await this.#prepare(
      name,
      async () => bytes,
      createHash('sha256').update(bytes).digest('hex'),
      config,
    );
    this.#mount(name, live);
    return live;
  }

  /** Throws `RegistryError`, or what keeps the version from being prepared; then the old version stays. */
  async activate(name: string, version: number): Promise<FunctionVersion> {
    const { registry } = this.#options;
    return this.#change(registry.version(name, version), () => registry.activate(name, version));
  }

  /** As `activate`, with the version that was active before. */
  async rollback(name: string): Promise<FunctionVersion> {
    const { registry } = this.#options;
    const target = registry.get(name)?.history.at(-1);
    // Without a target the registry says what is wrong.
    if (target === undefined) return registry.rollback(name);
    return this.#change(registry.version(name, target), () => registry.rollback(name));
  }

  async deactivate(name: string): Promise<void> {
    await this.#options.registry.deactivate(name);
    this.#unmount(name);
  }

  async remove(name: string): Promise<void> {
    await this.#options.registry.remove(name);
    this.#unmount(name);
  }

  /** Which function answers. Throws `TrafficError` `not-found`, `method-not-allowed` or `function-unavailable`. */
  match(method: string, path: string): RouteMatch<LiveFunction> {
    const { target, prefix } = this.#table.match(method, path);
    if (target instanceof LiveFunction) return { target, prefix };
    throw notServing(target);
  }

  /** What serves a function now: `undefined` when nothing does. */
  status(name: string): Mounted | undefined {
    return this.#table.get(name);
  }

  /** The OpenAPI document of a function that is called by type. Throws `TrafficError`. */
  document(name: string, server: string): object {
    return typedEntryOf(this.#serving(name)).document(server);
  }

  /** See `callTyped`. Throws `TrafficError` `function-unknown` (404) and `function-unavailable` (503) too. */
  call(name: string, call: TypedCall, caller: Caller): Promise<TypedAnswer> {
    return callTyped(this.#serving(name), call, caller);
  }

  #serving(name: string): LiveFunction {
    const mounted = this.#table.get(name);
    if (mounted instanceof LiveFunction) return mounted;
    if (mounted !== undefined) throw notServing(mounted);
    throw new TrafficError({
      code: 'function-unknown',
      status: 404,
      message: `no function called ${name} is active`,
      fix: 'selvedge list shows the functions',
    });
  }

  /** Functions that take requests now. */
  live(): LiveFunction[] {
    return this.#table.targets().filter((each) => each instanceof LiveFunction);
  }

  /** Waits until no request is in flight, and gives back what the functions hold. Nothing may be deployed meanwhile. */
  async close(): Promise<void> {
    for (const live of this.live()) this.#unmount(live.name);
    await Promise.all(this.#retiring);
  }

  /** Ends what is in flight. */
  async abort(): Promise<void> {
    await Promise.all(this.live().map((live) => live.runtime[Symbol.asyncDispose]()));
  }

  async #prepareStaged(
    name: string,
    staged: StagedArtifact,
    raw: JsonObject,
    config: FunctionConfig,
  ) {
    const live = await this.#prepare(name, () => staged.read(), staged.sha256, config);
    const inspected: Inspected = {
      sha256: staged.sha256,
      size: staged.size,
      lane: live.lane,
      binder: live.runtime.binder,
      config,
      warnings: warningsFor(raw),
    };
    return { live, inspected };
  }

  #load(version: FunctionVersion, config: FunctionConfig): Promise<LiveFunction> {
    return this.#prepare(
      version.name,
      () => this.#options.registry.artifact(version.sha256),
      version.sha256,
      config,
    );
  }

  #configure(raw: JsonObject): FunctionConfig {
    return parseFunctionConfig(raw, { baseDir: this.#options.baseDir, origin: 'upload' });
  }

  /** Reads the module only when it is its turn: of many that wait, few are in memory. */
  #prepare(
    name: string,
    read: () => Promise<Uint8Array>,
    sha256: string,
    config: FunctionConfig,
  ): Promise<LiveFunction> {
    return this.#gate.run(async () => {
      const bytes = await read();
      const { program, lane, entry } = readUpload(bytes);
      const runtime = await this.#options.runtimes.prepare({ program, bytes, sha256 }, config);
      const { clock, logger } = this.#options;
      const logBudget = createLogBudget({
        bytesPerSecond: config.limits.log,
        logger: logger.child({ function: name }),
        clock,
      });
      return new LiveFunction({ name, lane, config, runtime, entry, logBudget });
    });
  }

  /** Prepares a version that is there, then makes the change that gives it the function's requests. */
  async #change(
    target: FunctionVersion,
    change: () => Promise<FunctionVersion>,
  ): Promise<FunctionVersion> {
    const config = this.#configure(target.config);
    using _claim = this.#table.claim(target.name, config.routes);
    const live = await this.#load(target, config);
    try {
      const version = await change();
      this.#install(version, live);
      return version;
    } catch (thrown) {
      await live.retire();
      throw thrown;
    }
  }

  /** Mounts what has become active, unless a later change has overtaken it. */
  #install(version: FunctionVersion, live: LiveFunction): void {
    const active = this.#options.registry.get(version.name)?.active?.version;
    live.version = version.version;
    if (active === version.version) this.#mount(version.name, live);
    else this.#retire(live);
  }

  #mount(name: string, live: LiveFunction): void {
    const before = this.#table.get(name);
    this.#table.mount(name, live.config.routes, live);
    if (before instanceof LiveFunction) this.#retire(before);
  }

  #unmount(name: string): void {
    const before = this.#table.get(name);
    this.#table.unmount(name);
    if (before instanceof LiveFunction) this.#retire(before);
  }

  #retire(live: LiveFunction): void {
    const retired = live
      .retire()
      .catch((thrown) =>
        this.#options.logger.error(
          { function: live.name, err: thrown },
          'a version was not given back whole',
        ),
      )
      .finally(() => this.#retiring.delete(retired));
    this.#retiring.add(retired);
  }
}

/** Why is the operator's to know: it names directories and addresses of the host. The admin API and the log say it. */
function notServing({ code }: Unavailable): TrafficError {
  return new TrafficError({
    code: 'function-unavailable',
    status: 503,
    message: 'the function is deployed and cannot be served; the admin API and the log say why',
    details: { reason: code },
  });
}

function unavailable(thrown: unknown): Unavailable {
  const { code, detail, fix } = problemOf(thrown);
  return { code, message: detail, fix };
}

/** Routes of a configuration that may no longer be valid as a whole: a directory may be gone. */
function routesOf(raw: JsonObject): Route[] {
  const routes = Array.isArray(raw['routes']) ? raw['routes'] : [];
  return routes.filter((route) => typeof route === 'string').map((route) => parseRoute(route));
}

/** What was asked for and is not done by this version. */
function warningsFor(raw: JsonObject): string[] {
  const limits = (raw['limits'] ?? {}) as JsonObject;
  return LIMITS.filter((limit) => !limit.enforced && limit.name in limits).map(
    (limit) => `limits.${limit.name} is kept, and not enforced by this version`,
  );
}
