import { fileURLToPath } from 'node:url';
import { NotHere } from '../errors.ts';
import { fixtureOf, freePort, type System } from './system.ts';

export const jcoServe: System = {
  id: 'jco',
  title: 'jco serve',
  isolation: 'instance (its default)',
  peer: false,
  needsLastAnswer: true,
  async start(workload, { root, scratch, processes }) {
    const program = programOf();
    const port = await freePort();
    const server = processes.start({
      name: 'jco',
      command: process.execPath,
      args: [program, 'serve', '--host', '127.0.0.1', '--port', String(port), fixtureOf(workload)],
      cwd: root,
      scratch,
    });
    return { process: server, origin: `http://127.0.0.1:${port}` };
  },
};

/** The file that the command `jco` runs, of the same install. */
function programOf(): string {
  try {
    return fileURLToPath(new URL('./jco.js', import.meta.resolve('@bytecodealliance/jco')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new NotHere('jco is not installed.', 'Install the development dependencies: npm ci');
  }
}
