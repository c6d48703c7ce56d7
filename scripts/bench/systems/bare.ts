import { join } from 'node:path';
import type { System } from './system.ts';

export const bare: System = {
  id: 'node:http',
  title: 'node:http, no guest',
  isolation: '–',
  peer: false,
  async start(workload, { root, scratch, processes }) {
    const process_ = processes.start({
      name: 'node-http',
      command: process.execPath,
      args: [join(import.meta.dirname, 'bare-server.ts'), workload.name],
      cwd: root,
      scratch,
    });
    const origin = await process_.line((line) => (line.startsWith('http://') ? line : undefined));
    return { process: process_, origin };
  },
};
