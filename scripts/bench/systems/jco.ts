import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { NotHere } from '../errors.ts';
import { fixtureOf, freePort, type System } from './system.ts';

export const jcoServe: System = {
  id: 'jco',
  title: 'jco serve',
  isolation: 'instance (its default)',
  peer: false,
  async start(workload, { root, scratch, processes }) {
    const program = join(root, 'node_modules', '.bin', 'jco');
    if (!existsSync(program)) {
      throw new NotHere('jco is not installed.', 'Install the development dependencies: npm ci');
    }
    const port = await freePort();
    const process_ = processes.start({
      name: 'jco',
      command: process.execPath,
      args: [program, 'serve', '--host', '127.0.0.1', '--port', String(port), fixtureOf(workload)],
      cwd: root,
      scratch,
    });
    return { process: process_, origin: `http://127.0.0.1:${port}` };
  },
};
