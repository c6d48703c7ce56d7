import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fixtureOf, type System, type SystemContext, type Workload } from './system.ts';

/** The default install in its default configuration, logs included. */
export const selvedgeRequest: System = {
  id: 'selvedge/request',
  title: 'selvedge',
  isolation: 'request (default)',
  peer: false,
  start: (workload, context) =>
    start(context, 'request', [fixtureOf(workload), ...(workload.poll ? ['--poll'] : [])]),
};

export const selvedgeInstance: System = {
  id: 'selvedge/instance',
  title: 'selvedge',
  isolation: 'instance',
  peer: false,
  async start(workload, context) {
    const manifest = join(context.scratch, `selvedge-${workload.name}.toml`);
    await writeFile(manifest, manifestOf(workload, context.root));
    return start(context, 'instance', ['--config', manifest]);
  },
};

function manifestOf(workload: Workload, root: string): string {
  return [
    `[function.${workload.name}]`,
    `module = ${JSON.stringify(join(root, fixtureOf(workload)))}`,
    'routes = ["/*"]',
    'isolation = "instance"',
    `grants = { poll = ${workload.poll} }`,
    '',
  ].join('\n');
}

async function start({ root, scratch, processes }: SystemContext, name: string, args: string[]) {
  const server = processes.start({
    name: `selvedge-${name}`,
    command: process.execPath,
    args: selvedgeServe(join(scratch, `data-${name}`), args),
    cwd: root,
    scratch,
  });
  const origin = await server.line(edgeOf);
  return { process: server, origin };
}

/** Arguments of Node for a host on free ports that keeps what it has in `data`. */
export function selvedgeServe(data: string, args: readonly string[]): string[] {
  const listen = ['--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0'];
  return ['scripts/selvedge.mjs', 'serve', ...args, ...listen, '--data', data, '--json'];
}

/** The URL of the edge in the line that says a host is ready; `undefined` for any other line. */
export function edgeOf(line: string): string | undefined {
  if (!line.startsWith('{')) return undefined;
  const event = JSON.parse(line) as { readonly event?: unknown; readonly edge?: unknown };
  if (event.event !== 'ready' || typeof event.edge !== 'string') return undefined;
  return event.edge.replace(/\/$/, '');
}
