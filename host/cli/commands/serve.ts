import { basename, resolve } from 'node:path';
import type { CommandContext, CommandSpec, OptionSpec } from '../command.ts';
import type { HostSettings, RunningHost, ServeOptions } from '../dependencies.ts';
import { usageError } from '../errors.ts';
import { functionNameOf } from '../function-name.ts';
import { asUsage, configWithFlags, grantOptions } from '../grant-flags.ts';
import { hostDefaults, logLevels } from '../host-settings.ts';
import { untilStopped } from '../shutdown.ts';

const hostOptions: readonly OptionSpec[] = [
  {
    name: 'listen',
    value: 'HOST:PORT',
    description: 'where functions answer; port 0 takes a free one',
    env: 'SELVEDGE_LISTEN',
    default: hostDefaults.listen,
  },
  {
    name: 'admin-listen',
    value: 'HOST:PORT',
    description: 'where the admin API answers',
    env: 'SELVEDGE_ADMIN_LISTEN',
    default: hostDefaults.adminListen,
  },
  {
    name: 'data',
    value: 'DIR',
    description: 'where functions and the admin token are kept',
    env: 'SELVEDGE_DATA',
    default: hostDefaults.data,
    completes: 'directory',
  },
  {
    name: 'config',
    value: 'FILE',
    description: 'the manifest, selvedge.toml',
    env: 'SELVEDGE_CONFIG',
    completes: 'file',
  },
  {
    name: 'workers',
    value: 'N',
    description: 'number of worker processes',
    env: 'SELVEDGE_WORKERS',
    default: String(hostDefaults.workers),
  },
  {
    name: 'log-level',
    value: 'LEVEL',
    description: 'least level that is logged, on stderr',
    env: 'SELVEDGE_LOG_LEVEL',
    default: hostDefaults.logLevel,
    choices: logLevels,
  },
];

export const serve: CommandSpec = {
  name: 'serve',
  summary: 'start a host',
  description:
    'With FILE.wasm that module alone answers at /, with the grants of the flags. Without, the ' +
    'functions of the manifest and the ones deployed before answer.\n\n' +
    'A flag wins over its environment variable, that over [host] in the manifest, that over the ' +
    'default. With --json the first line on stdout is {"event":"ready","edge":URL,"admin":URL}.\n\n' +
    'SIGTERM and SIGINT finish the requests in flight and exit with 0; a second one exits at once.',
  args: [
    {
      name: 'FILE.wasm',
      description: 'serve this module alone',
      required: false,
      completes: 'file',
    },
  ],
  options: [...hostOptions, ...grantOptions],
  examples: [
    { command: 'selvedge serve', explains: 'a host for functions that are deployed to it' },
    { command: 'selvedge serve --config selvedge.toml', explains: 'the functions of a manifest' },
    {
      command: 'selvedge serve app.wasm --dir ./data::/data:ro --clock wall',
      explains: 'one module, which may read ./data and know the time',
    },
  ],
  run: runServe,
};

async function runServe(context: CommandContext): Promise<number> {
  const { deps, output } = context;
  const options = await serveOptions(context);
  if (deps.stdout.isTTY === true && !output.json) await announce(options, context);
  return untilStopped(deps, async () => {
    const host = await deps.serve(options);
    if (output.json) output.data({ event: 'ready', edge: host.edge, admin: host.admin });
    else greet(host, context);
    return host;
  });
}

async function serveOptions({
  args: [file],
  options,
  deps,
}: CommandContext): Promise<ServeOptions> {
  const path = (text: string | undefined) =>
    text === undefined ? undefined : resolve(deps.cwd, text);
  const overrides: { -readonly [K in keyof HostSettings]?: HostSettings[K] } = {};
  const listen = options.text('listen');
  if (listen !== undefined) overrides.listen = await address(listen);
  const adminListen = options.text('admin-listen');
  if (adminListen !== undefined) overrides.adminListen = await address(adminListen);
  const data = path(options.text('data'));
  if (data !== undefined) overrides.data = data;
  const workers = options.count('workers', 1);
  if (workers !== undefined) overrides.workers = workers;
  const logLevel = logLevels.find((level) => level === options.text('log-level'));
  if (logLevel !== undefined) overrides.logLevel = logLevel;

  const config = await configWithFlags({}, options, deps.env, deps.cwd);
  if (file === undefined && Object.keys(config).length > 0) {
    throw usageError(
      'Grants and limits on the command line need a FILE.wasm that they are for.',
      'Name the module, or write them into the manifest under [function.NAME.grants].',
      'selvedge serve app.wasm --dir ./data::/data',
    );
  }
  return {
    overrides,
    manifest: path(options.text('config')),
    single:
      file === undefined
        ? undefined
        : { file: resolve(deps.cwd, file), name: functionNameOf(basename(file)), config },
  };
}

/** Checks the form only; whether the address can be bound shows when it is. */
async function address(text: string): Promise<string> {
  const { parseListen } = await import('../../config/index.ts');
  await asUsage(() => parseListen(text));
  return text;
}

/** Says what takes its time: a module is prepared once, before the first start that serves it. */
async function announce(
  { single, manifest }: ServeOptions,
  { output }: CommandContext,
): Promise<void> {
  const { readManifest } = await import('../../config/index.ts');
  const names =
    single !== undefined
      ? [single.name]
      : manifest === undefined
        ? []
        : (await readManifest(manifest)).functions.map(({ name }) => name);
  const what = names.length === 0 ? 'starting' : `preparing ${names.join(', ')}`;
  output.line(output.style('dim', `${what} …`));
}

function greet(host: RunningHost, { output }: CommandContext): void {
  output.line(`${output.style('bold', 'selvedge')} is ready`);
  output.line();
  output.fields([
    ['edge', host.edge],
    ['admin', host.admin],
    ['token', host.tokenFile ?? 'from SELVEDGE_ADMIN_TOKEN'],
  ]);
  output.line();
  if (host.functions.length === 0) {
    output.line('No functions yet. Deploy one:');
    output.line('  selvedge deploy app.wasm --name app');
  }
  for (const { name, lane, routes } of host.functions) {
    output.line(`${output.style('bold', name)} ${output.style('dim', `(${lane})`)}`);
    for (const route of routes) output.line(`  ${route}`);
    const [first] = routes;
    if (first !== undefined)
      output.line(`  ${output.style('cyan', tryLine(host.edge, first, lane))}`);
  }
  output.line();
  output.line(output.style('dim', 'Ctrl-C stops it.'));
}

/** What the typed lane answers to a plain GET: the description of all that can be called. */
const TYPED_START = 'openapi.json';

/** A curl line that reaches a route: `POST /x/*` → `curl -X POST http://…/x/`. */
function tryLine(edge: string, route: string, lane: string): string {
  const [method, path] = route.includes(' ') ? route.split(' ', 2) : ['GET', route];
  const verb = method === 'GET' ? '' : `-X ${method} `;
  return `curl ${verb}${edge}${(path ?? '/').replace(/\*$/, lane === 'typed' ? TYPED_START : '')}`;
}
