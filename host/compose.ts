/** Puts a host together: the only file that may import every folder. */
import { randomBytes, randomFillSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { adminToken, createAdmin, type AdminToken } from './admin/index.ts';
import { systemClock, type Clock } from './base/index.ts';
import {
  checkCoreGrants,
  checkGrants,
  checkScriptGrants,
  explain,
  explainCore,
  explainScript,
  systemLookup,
  type ImportExplanation as Explained,
  type Refusal,
  type SocketAddress,
} from './capability/index.ts';
import {
  resolveHostSettings,
  type HostSettings,
  type ModuleExplanation,
  type RawConfig,
  type RunningHost,
  type ServeOptions,
} from './cli/index.ts';
import {
  createJcoBinder,
  readAssemblyScript,
  readComponent,
  readCoreModule,
  sniff,
} from './component/index.ts';
import { parseFunctionConfig, parseListen, readManifest } from './config/index.ts';
import { createEdge, listen, type Listening } from './gateway/index.ts';
import { readUpload } from './lanes/index.ts';
import { createRegistry } from './registry/index.ts';
import { coreImports, createRuntimes, importedInterfaces } from './runtime/index.ts';
import { openFileStore, type Store } from './store/index.ts';
import {
  countingMeter,
  createDescriptorSink,
  createLogger,
  createRedaction,
  createTextSink,
  reportLosses,
  type Logger,
} from './telemetry/index.ts';
import { deployManifest, Deployments } from './traffic/index.ts';

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
/** Of the request line and headers, before the function is known whose `limits.headers` holds. */
const MAX_HEADER_BYTES = 128 * 1024;
const LOSS_REPORT_MS = 10_000;

/** Starts everything that `selvedge serve` is. What was started is ended again where a later step fails. */
export async function startHost(
  options: ServeOptions,
  surroundings: Surroundings,
): Promise<RunningHost> {
  const manifest =
    options.manifest === undefined ? undefined : await readManifest(options.manifest);
  const settings = resolveHostSettings(options.overrides, manifest?.host ?? {}, surroundings.cwd);
  const clock = systemClock();
  await using started = new AsyncDisposableStack();

  const { store, token, logger } = await openData(settings, surroundings, clock, started);
  if (settings.workers > 1) {
    logger.warn(
      { workers: settings.workers },
      'this version runs one worker process; the rest of --workers is ignored',
    );
  }
  const registry = await createRegistry({
    artifacts: store.artifacts,
    records: store.records,
    clock,
    logger,
  });
  const own: SocketAddress[] = [];
  const deployments = new Deployments({
    registry,
    runtimes: createRuntimes({
      binder: createJcoBinder({ cache: store.cache }),
      environment: {
        clock,
        random: (bytes) => void randomFillSync(bytes),
        ownAddresses: () => own,
        ownDirectories: [settings.data],
        lookup: systemLookup,
      },
    }),
    logger,
    clock,
    baseDir: surroundings.cwd,
  });

  const lifecycle = { ready: false };
  const serving = { clock, logger, random: (count: number) => randomBytes(count) };
  let edge: Listening | undefined;
  const admin = await listen({
    ...serving,
    ...parseListen(settings.adminListen),
    fetch: createAdmin({
      deployments,
      registry,
      artifacts: store.artifacts,
      token: token.value,
      logger,
      clock,
      limits: { uploadBytes: MAX_UPLOAD_BYTES },
      isReady: () => lifecycle.ready,
      edgeUrl: () => edge?.url,
    }).fetch,
  });
  started.defer(() => admin.destroy());
  own.push(admin);

  if (options.single === undefined) {
    await deployments.start();
    const target = {
      deployments,
      registry,
      artifacts: store.artifacts,
      maxBytes: MAX_UPLOAD_BYTES,
    };
    if (manifest !== undefined) await deployManifest(manifest, target);
  } else {
    const { file, name, config } = options.single;
    await deployments.serveOnly(name, await readFile(file), { routes: ['/*'], ...config });
  }
  edge = await listen({
    ...serving,
    ...parseListen(settings.listen),
    fetch: createEdge({ deployments, ...serving }).fetch,
    maxHeaderBytes: MAX_HEADER_BYTES,
  });
  started.defer(() => edge.destroy());
  own.push(edge);
  lifecycle.ready = true;
  logger.info({ edge: edge.url, admin: admin.url }, 'ready');

  const resources = started.move();
  const ended = Promise.withResolvers<void>();
  let closing: Promise<void> | undefined;
  const close = async () => {
    lifecycle.ready = false;
    await drain(edge, deployments, clock, logger);
    await resources.disposeAsync();
    ended.resolve();
  };
  return {
    edge: edge.url,
    admin: admin.url,
    tokenFile: token.file,
    functions: deployments.live().map(({ name, lane, config }) => {
      const routes = config.routes.map((route) => route.source);
      return {
        name,
        lane,
        routes: options.single === undefined ? [...routes, `/fn/${name}/*`] : routes,
      };
    }),
    closed: ended.promise,
    close: () => (closing ??= close()),
  };
}

interface OpenedData {
  readonly store: Store;
  readonly token: AdminToken;
  readonly logger: Logger;
}

/** The data directory, the token in it, and a log that never shows the token. */
async function openData(
  settings: HostSettings,
  { env, log: output }: Surroundings,
  clock: Clock,
  started: AsyncDisposableStack,
): Promise<OpenedData> {
  const meter = countingMeter();
  const sink = createDescriptorSink({ fd: output.fd, clock, meter });
  started.defer(() => sink.flush());
  let logger: Logger | undefined;
  const store = await openFileStore({
    directory: settings.data,
    clock,
    report: ({ cause, ...failure }) =>
      logger?.warn({ ...failure, err: cause }, 'the cache forgot an entry'),
  });
  started.defer(() => store.close());
  const token = await adminToken({ dataDir: settings.data, env });
  logger = createLogger({
    destination: output.text ? createTextSink({ sink, colour: output.colour }) : sink,
    level: settings.logLevel,
    serviceName: 'selvedge',
    clock,
    redaction: createRedaction([token.value]),
    meter,
  });
  started.use(reportLosses({ meter, logger, clock, everyMs: LOSS_REPORT_MS }));
  return { store, token, logger };
}

/** Lets the requests in flight finish, for a bounded time. */
async function drain(
  edge: Listening,
  deployments: Deployments,
  clock: Clock,
  logger: Logger,
): Promise<void> {
  const cancelCut = clock.after(DRAIN_MS, () => {
    logger.warn({ grace_ms: DRAIN_MS }, 'requests in flight did not finish in time and are cut');
    void deployments.abort();
    edge.destroy();
  });
  await edge.drain();
  cancelCut();
  await deployments.close();
  logger.info({}, 'ended');
}

/** What `selvedge inspect` says of a file: its lane, and each import with the grant that it needs. */
export async function explainModule(
  bytes: Uint8Array,
  raw: RawConfig,
  cwd: string,
): Promise<ModuleExplanation> {
  const { grants } = parseFunctionConfig(raw, { baseDir: cwd, origin: 'flags' });
  if (sniff(bytes).kind === 'core-module') {
    const module = readCoreModule(bytes);
    const imports = coreImports(module);
    const [all, refusals] =
      readAssemblyScript(module) === undefined
        ? [explainCore(imports), checkCoreGrants(imports, grants)]
        : [explainScript(imports), checkScriptGrants(imports, grants)];
    return { ...laneOf(bytes), imports: explained(all, refusals) };
  }
  const imports = importedInterfaces(readComponent(bytes));
  return { ...laneOf(bytes), imports: explained(explain(imports), checkGrants(imports, grants)) };
}

function explained(
  all: readonly Explained[],
  refusals: readonly Refusal[],
): ModuleExplanation['imports'] {
  const refused = new Set(refusals.map((each) => each.import));
  return all.map((each) => {
    const line = each.functions
      .map((one) => one.needs)
      .find((needs) => typeof needs === 'object')?.line;
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
