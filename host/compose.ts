/** Puts a host together: the only file that may import every folder. */
import { randomBytes, randomFillSync } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { adminToken, createAdmin } from './admin/index.ts';
import { SelvedgeError, systemClock } from './base/index.ts';
import { checkCoreGrants, checkGrants, explain, explainCore, systemLookup, type ImportExplanation as Explained, type Refusal, type SocketAddress } from './capability/index.ts';
import { resolveHostSettings, type ModuleExplanation, type RawConfig, type RunningHost, type ServeOptions } from './cli/index.ts';
import { createJcoBinder, readComponent, readCoreModule, sniff } from './component/index.ts';
import { parseFunctionConfig, parseListen, readManifest, type Manifest, type ManifestFunction } from './config/index.ts';
import { createEdge, listen, type Listening } from './gateway/index.ts';
import { readUpload } from './lanes/index.ts';
import { createRegistry, type Registry } from './registry/index.ts';
import { coreImports, createRuntimes, importedInterfaces } from './runtime/index.ts';
import { openFileStore, type JsonObject, type Store } from './store/index.ts';
import { createDescriptorSink, createLogger, createRedaction, createTextSink, type Logger } from './telemetry/index.ts';
import { Deployments, TrafficError } from './traffic/index.ts';

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly log: {
    /** Descriptor that lines go to. */
    readonly fd: number;
    /** For a person at a terminal rather than as JSON. */
    readonly text: boolean;
    readonly colour: boolean;
  };
}

/** How long requests in flight may take to finish when the host is told to end. Milliseconds. */
const DRAIN_MS = 30_000;
const MAX_UPLOAD_BYTES = 64 * 2 ** 20;

/** Starts everything that `selvedge serve` is. What was started is ended again where a later step fails. */
export async function startHost(options: ServeOptions, { env, cwd, log: output }: Surroundings): Promise<RunningHost> {
  const manifest = options.manifest === undefined ? undefined : await readManifest(options.manifest);
  const settings = resolveHostSettings(options.overrides, manifest?.host ?? {}, cwd);
  const clock = systemClock();
  await using started = new AsyncDisposableStack();

  const logs = createDescriptorSink({ fd: output.fd, clock });
  started.defer(() => logs.flush());
  let logger: Logger | undefined;
  const store = await openFileStore({
    directory: settings.data,
    clock,
    report: ({ cause, ...failure }) => logger?.warn({ ...failure, err: cause }, 'the cache forgot an entry'),
  });
  started.defer(() => store.close());
  const token = await adminToken({ dataDir: settings.data, env });
  const log = createLogger({
    destination: output.text ? createTextSink({ sink: logs, colour: output.colour }) : logs,
    level: settings.logLevel,
    serviceName: 'selvedge',
    clock,
    redaction: createRedaction([token.value]),
  });
  logger = log;
  if (settings.workers > 1) log.warn({ workers: settings.workers }, 'this version runs one worker process; the rest of --workers is ignored');

  const registry = await createRegistry({ artifacts: store.artifacts, records: store.records, clock, logger: log });
  const own: SocketAddress[] = [];
  const runtimes = createRuntimes({
    binder: createJcoBinder({ cache: { get: (key) => store.cache.get(key), put: async (key, bytes) => void (await store.cache.put(key, bytes)) } }),
    environment: { clock, random: (bytes) => void randomFillSync(bytes), ownAddresses: () => own, lookup: systemLookup },
  });
  const deployments = new Deployments({ registry, runtimes, logger: log, clock, baseDir: cwd });

  const lifecycle = { ready: false };
  const adminAddress = parseListen(settings.adminListen);
  const edgeAddress = parseListen(settings.listen);
  let edge: Listening | undefined;
  const admin = await listen({
    fetch: createAdmin({
      deployments,
      registry,
      artifacts: store.artifacts,
      token: token.value,
      logger: log,
      clock,
      limits: { uploadBytes: MAX_UPLOAD_BYTES },
      isReady: () => lifecycle.ready,
      edgeUrl: () => edge?.url,
    }).fetch,
    ...adminAddress,
  });
  started.defer(() => admin.destroy());
  own.push(admin);

  if (options.single !== undefined) {
    const { file, name, config } = options.single;
    await deployments.serveOnly(name, await readFile(file), { routes: ['/*'], ...config } as JsonObject);
  } else {
    await deployments.start();
    if (manifest !== undefined) await deployManifest(manifest, deployments, registry, store);
  }
  edge = await listen({
    fetch: createEdge({ deployments, logger: log, clock, random: (count) => randomBytes(count) }).fetch,
    ...edgeAddress,
  });
  started.defer(() => edge.destroy());
  own.push(edge);
  lifecycle.ready = true;
  log.info({ edge: edge.url, admin: admin.url }, 'ready');

  const resources = started.move();
  const ended = Promise.withResolvers<void>();
  let closing: Promise<void> | undefined;
  const close = async () => {
    lifecycle.ready = false;
    const cut = clock.after(DRAIN_MS, () => {
      log.warn({ grace_ms: DRAIN_MS }, 'requests in flight did not finish in time and are cut');
      void deployments.abort();
      edge.destroy();
    });
    await edge.drain();
    cut();
    await deployments.close();
    log.info({}, 'ended');
    await resources.disposeAsync();
    ended.resolve();
  };
  return {
    edge: edge.url,
    admin: admin.url,
    tokenFile: token.file,
    functions: deployments.live().map((live) => ({
      name: live.name,
      lane: live.lane,
      routes: options.single === undefined ? [...live.config.routes.map((route) => route.source), `/fn/${live.name}/*`] : ['/*'],
    })),
    closed: ended.promise,
    close: () => (closing ??= close()),
  };
}

/** The manifest says what is deployed of it: new or changed functions become versions, ones it no longer names are taken out. */
async function deployManifest(manifest: Manifest, deployments: Deployments, registry: Registry, store: Store): Promise<void> {
  const named = new Set(manifest.functions.map((each) => each.name));
  for (const { active } of registry.list()) {
    if (active?.origin === 'manifest' && !named.has(active.name)) await deployments.deactivate(active.name);
  }
  await Promise.all(manifest.functions.map((each) => deployFunction(each, deployments, store)));
}

async function deployFunction({ name, module, raw }: ManifestFunction, deployments: Deployments, store: Store): Promise<void> {
  const staged = await store.artifacts.stage(createReadStream(module), { maxBytes: MAX_UPLOAD_BYTES });
  try {
    if (deployments.serves(name, staged.sha256, raw as JsonObject)) return;
    await deployments.deploy(name, staged, raw as JsonObject, { origin: 'manifest', activate: true });
  } catch (thrown) {
    throw notDeployed(name, thrown);
  } finally {
    await staged.discard();
  }
}

function notDeployed(name: string, thrown: unknown): unknown {
  if (!(thrown instanceof SelvedgeError)) return thrown;
  const { code, status, message, fix, details } = thrown;
  return new TrafficError({ code, status, message: `the function ${name} of the manifest cannot be deployed: ${message}`, fix, details, cause: thrown });
}

/** What `selvedge inspect` says of a file: its lane, and each import with the grant that it needs. */
export async function explainModule(bytes: Uint8Array, raw: RawConfig, cwd: string): Promise<ModuleExplanation> {
  const { grants } = parseFunctionConfig(raw, { baseDir: cwd, origin: 'flags' });
  if (sniff(bytes).kind === 'core-module') {
    const imports = coreImports(readCoreModule(bytes));
    return { ...laneOf(bytes), imports: explained(explainCore(imports), checkCoreGrants(imports, grants)) };
  }
  const imports = importedInterfaces(readComponent(bytes));
  return { ...laneOf(bytes), imports: explained(explain(imports), checkGrants(imports, grants)) };
}

function explained(all: readonly Explained[], refusals: readonly Refusal[]): ModuleExplanation['imports'] {
  const refused = new Set(refusals.map((each) => each.import));
  return all.map((each) => {
    const line = each.functions.map((one) => one.needs).find((needs) => typeof needs === 'object')?.line;
    return {
      name: each.import,
      functions: each.functions.map((one) => one.name),
      needs: each.refusal !== undefined ? 'unknown' : line !== undefined ? 'grant' : 'always',
      line,
      covered: each.refusal === undefined && !refused.has(each.import),
    };
  });
}

function laneOf(bytes: Uint8Array): Pick<ModuleExplanation, 'lane' | 'reason' | 'callable'> {
  try {
    const { lane, entry } = readUpload(bytes);
    return { lane, reason: `it is called by the lane ${lane}`, callable: entry.callable };
  } catch (thrown) {
    return { lane: undefined, reason: (thrown as Error).message, callable: [] };
  }
}
