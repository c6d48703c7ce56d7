import { fileURLToPath } from 'node:url';
import type { System } from './system.ts';

export const bare: System = {
  id: 'node:http',
  title: 'node:http, no guest',
  isolation: '–',
  peer: false,
  async start(workload, { root, scratch, processes }) {
    const server = processes.start({
      name: 'node-http',
      command: process.execPath,
      args: [fileURLToPath(new URL('./bare-server.ts', import.meta.url)), workload.name],
      cwd: root,
      scratch,
    });
    const origin = await server.line((line) => (line.startsWith('http://') ? line : undefined));
    return { process: server, origin };
  },
};
